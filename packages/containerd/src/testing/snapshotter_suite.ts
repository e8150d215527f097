/**
 * Contract suite for snapshotters: what every implementation of `Snapshots` has to do, ours and the real one.
 *
 * @module
 */
import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../api/call.ts";
import type { Mount } from "../api/mount.ts";
import type { Snapshots } from "../api/snapshots.ts";
import { hasCode } from "../oci.ts";

/** What a suite runs on. */
export interface SnapshotterUnderTest {
  readonly snapshots: Snapshots;
  /** Name of the snapshotter. */
  readonly snapshotter: string;
  /** A namespace that nothing else uses; a lease keeps garbage collection away where there is one. */
  readonly call: Call;
  /** Makes mounts visible while `work` runs. */
  readonly withMounts: <T>(mounts: readonly Mount[], work: (root: string) => Promise<T>) => Promise<T>;
}

/** One case of the suite. */
export interface SuiteCase {
  readonly name: string;
  readonly run: (test: SnapshotterUnderTest) => Promise<void>;
}

/**
 * The cases, to be run in any order, each with keys of its own: `for (const c of snapshotterSuite()) it(c.name, …)`.
 */
export function snapshotterSuite(): readonly SuiteCase[] {
  return [
    { name: "prepare() gives a writable directory that starts empty", run: startsEmpty },
    { name: "commit() keeps what was written and children see it", run: keepsAcrossLayers },
    { name: "removed and replaced files are gone in children, and still there in parents", run: removals },
    { name: "view() shows a snapshot and cannot be written", run: views },
    { name: "view() without a parent is empty", run: emptyView },
    {
      name: "prepare() refuses a key in use, a missing parent and one that is not committed",
      run: prepareErrors,
    },
    { name: "prepare() with a target that exists says so", run: targets },
    { name: "commit() refuses a name in use, a missing key and a view", run: commitErrors },
    { name: "mounts() gives the same again, and refuses committed snapshots", run: mountsAgain },
    { name: "remove() refuses a snapshot with children", run: removeOrder },
    { name: "stat() and list() tell kind, parent and labels; filters choose", run: listing },
    { name: "update() changes labels by field", run: updating },
    { name: "usage() counts what a snapshot holds itself", run: usages },
    { name: "keys are a namespace's own", run: namespaces },
    { name: "many layers mount and are seen in order", run: deep },
  ];
}

type T = SnapshotterUnderTest;

const ref = (t: T, key: string): { snapshotter: string; key: string } => ({
  snapshotter: t.snapshotter,
  key,
});

async function layer(t: T, name: string, parent: string, work: (root: string) => void): Promise<void> {
  const key = `active-${name}`;
  const mounts = await t.snapshots.prepare({ ...ref(t, key), parent }, t.call);
  await t.withMounts(mounts, async (root) => work(root));
  await t.snapshots.commit({ ...ref(t, key), name }, t.call);
}

async function seen<R>(t: T, name: string, look: (root: string) => R): Promise<R> {
  const key = `look-${name}-${Math.random()}`;
  const mounts = await t.snapshots.view({ ...ref(t, key), parent: name }, t.call);
  try {
    return await t.withMounts(mounts, async (root) => look(root));
  } finally {
    await t.snapshots.remove(ref(t, key), t.call);
  }
}

async function startsEmpty(t: T): Promise<void> {
  const mounts = await t.snapshots.prepare(ref(t, "empty"), t.call);
  await t.withMounts(mounts, async (root) => {
    equal(readdirSync(root), []);
    writeFileSync(join(root, "f"), "x");
  });
  await t.withMounts(mounts, async (root) => equal(readFileSync(join(root, "f"), "utf8"), "x"));
  await t.snapshots.remove(ref(t, "empty"), t.call);
  await rejects(t.snapshots.stat(ref(t, "empty"), t.call), (err) => hasCode(err, "NOT_FOUND"));
}

async function keepsAcrossLayers(t: T): Promise<void> {
  await layer(t, "k1", "", (root) => {
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d/one"), "1");
    symlinkSync("one", join(root, "d/link"));
  });
  await layer(t, "k2", "k1", (root) => writeFileSync(join(root, "d/two"), "2"));
  await seen(t, "k2", (root) => {
    equal(readdirSync(join(root, "d")).sort(), ["link", "one", "two"]);
    equal(readFileSync(join(root, "d/link"), "utf8"), "1");
  });
}

async function removals(t: T): Promise<void> {
  await layer(t, "r1", "", (root) => {
    writeFileSync(join(root, "gone"), "1");
    writeFileSync(join(root, "changed"), "1");
  });
  await layer(t, "r2", "r1", (root) => {
    unlinkSync(join(root, "gone"));
    writeFileSync(join(root, "changed"), "2");
  });
  await seen(t, "r2", (root) => {
    equal(readdirSync(root), ["changed"]);
    equal(readFileSync(join(root, "changed"), "utf8"), "2");
  });
  await seen(t, "r1", (root) => {
    equal(readdirSync(root).sort(), ["changed", "gone"]);
    equal(readFileSync(join(root, "changed"), "utf8"), "1");
  });
}

async function views(t: T): Promise<void> {
  await layer(t, "v1", "", (root) => writeFileSync(join(root, "f"), "1"));
  await layer(t, "v2", "v1", (root) => writeFileSync(join(root, "g"), "2"));
  for (const parent of ["v1", "v2"]) {
    const mounts = await t.snapshots.view({ ...ref(t, `view-${parent}`), parent }, t.call);
    await t.withMounts(mounts, async (root) => {
      equal(readFileSync(join(root, "f"), "utf8"), "1");
      let errno = "";
      try {
        writeFileSync(join(root, "new"), "");
      } catch (err) {
        errno = (err as NodeJS.ErrnoException).code ?? "";
      }
      equal(errno, "EROFS");
    });
    equal((await t.snapshots.stat(ref(t, `view-${parent}`), t.call)).kind, "view");
    await t.snapshots.remove(ref(t, `view-${parent}`), t.call);
  }
}

async function emptyView(t: T): Promise<void> {
  const mounts = await t.snapshots.view(ref(t, "view-empty"), t.call);
  await t.withMounts(mounts, async (root) => equal(readdirSync(root), []));
  await t.snapshots.remove(ref(t, "view-empty"), t.call);
}

async function prepareErrors(t: T): Promise<void> {
  await layer(t, "p1", "", () => {});
  await t.snapshots.prepare({ ...ref(t, "p-active"), parent: "p1" }, t.call);
  const prepare = (key: string, parent: string): Promise<unknown> =>
    t.snapshots.prepare({ ...ref(t, key), parent }, t.call);
  await rejects(prepare("p-active", "p1"), (err) => hasCode(err, "ALREADY_EXISTS"));
  await rejects(prepare("p1", ""), (err) => hasCode(err, "ALREADY_EXISTS"));
  await rejects(prepare("p-new", "p-missing"), (err) => hasCode(err, "NOT_FOUND"));
  await rejects(prepare("p-new", "p-active"), (err) => hasCode(err, "INVALID_ARGUMENT"));
  await rejects(t.snapshots.stat(ref(t, "p-new"), t.call), (err) => hasCode(err, "NOT_FOUND"));
}

async function targets(t: T): Promise<void> {
  await layer(t, "target", "", () => {});
  const labels = { "containerd.io/snapshot.ref": "target" };
  await rejects(t.snapshots.prepare({ ...ref(t, "t-extract"), labels }, t.call), (err) =>
    hasCode(err, "ALREADY_EXISTS"),
  );
  await rejects(t.snapshots.stat(ref(t, "t-extract"), t.call), (err) => hasCode(err, "NOT_FOUND"));
}

async function commitErrors(t: T): Promise<void> {
  await layer(t, "c1", "", () => {});
  await t.snapshots.prepare(ref(t, "c-active"), t.call);
  await t.snapshots.view({ ...ref(t, "c-view"), parent: "c1" }, t.call);
  const commit = (key: string, name: string): Promise<void> =>
    t.snapshots.commit({ ...ref(t, key), name }, t.call);
  await rejects(commit("c-active", "c1"), (err) => hasCode(err, "ALREADY_EXISTS"));
  await rejects(commit("c-missing", "c-new"), (err) => hasCode(err, "NOT_FOUND"));
  await rejects(commit("c-view", "c-new"), (err) => hasCode(err, "FAILED_PRECONDITION"));
  equal((await t.snapshots.stat(ref(t, "c-active"), t.call)).kind, "active");
}

async function mountsAgain(t: T): Promise<void> {
  await layer(t, "m1", "", () => {});
  await layer(t, "m2", "m1", () => {});
  const mounts = await t.snapshots.prepare({ ...ref(t, "m-active"), parent: "m2" }, t.call);
  equal(await t.snapshots.mounts(ref(t, "m-active"), t.call), mounts);
  await rejects(t.snapshots.mounts(ref(t, "m2"), t.call), (err) => hasCode(err, "FAILED_PRECONDITION"));
  await rejects(t.snapshots.mounts(ref(t, "m-missing"), t.call), (err) => hasCode(err, "NOT_FOUND"));
}

async function removeOrder(t: T): Promise<void> {
  await layer(t, "o1", "", () => {});
  await layer(t, "o2", "o1", () => {});
  await t.snapshots.prepare({ ...ref(t, "o3"), parent: "o2" }, t.call);
  const remove = (key: string): Promise<void> => t.snapshots.remove(ref(t, key), t.call);
  await rejects(
    remove("o1"),
    (err) =>
      hasCode(err, "FAILED_PRECONDITION") && /cannot remove snapshot with child/.test((err as Error).message),
  );
  await rejects(remove("o2"), (err) => hasCode(err, "FAILED_PRECONDITION"));
  for (const key of ["o3", "o2", "o1"]) await remove(key);
  await rejects(remove("o1"), (err) => hasCode(err, "NOT_FOUND"));
}

async function listing(t: T): Promise<void> {
  await layer(t, "l1", "", () => {});
  await t.snapshots.prepare({ ...ref(t, "l-active"), parent: "l1", labels: { "my.label/x": "1" } }, t.call);
  const info = await t.snapshots.stat(ref(t, "l-active"), t.call);
  equal(
    [info.name, info.kind, info.parent, info.labels],
    ["l-active", "active", "l1", { "my.label/x": "1" }],
  );
  ok(Math.abs(Date.now() - info.createdAt.getTime()) < 60_000);
  const names = async (...filters: string[]): Promise<string[]> => {
    const out: string[] = [];
    for await (const i of t.snapshots.list(t.snapshotter, filters, t.call)) {
      if (i.name.startsWith("l")) out.push(i.name);
    }
    return out.filter((n) => !n.startsWith("look-")).sort();
  };
  equal(await names(), ["l-active", "l1"]);
  equal(await names('labels."my.label/x"==1'), ["l-active"]);
  equal(await names("parent==l1"), ["l-active"]);
  equal(await names("kind==committed,name~=^l"), ["l1"]);
}

async function updating(t: T): Promise<void> {
  await t.snapshots.prepare({ ...ref(t, "u"), labels: { a: "1", b: "2" } }, t.call);
  const update = (labels: Record<string, string>, fields?: string[]) =>
    t.snapshots.update({ ...ref(t, "u"), labels }, fields, t.call);
  equal((await update({ a: "9", c: "3" }, ["labels.c"])).labels, { a: "1", b: "2", c: "3" });
  equal((await update({ z: "1" }, ["labels"])).labels, { z: "1" });
  await rejects(update({}, ["kind"]), (err) => hasCode(err, "INVALID_ARGUMENT"));
  equal((await t.snapshots.stat(ref(t, "u"), t.call)).labels, { z: "1" });
}

async function usages(t: T): Promise<void> {
  await layer(t, "s1", "", (root) => writeFileSync(join(root, "f"), new Uint8Array(300_000).fill(1)));
  const { size, inodes } = await t.snapshots.usage(ref(t, "s1"), t.call);
  ok(size >= 300_000 && size < 400_000, `size ${size}`);
  equal(inodes, 2);
  await rejects(t.snapshots.usage(ref(t, "s-missing"), t.call), (err) => hasCode(err, "NOT_FOUND"));
}

async function namespaces(t: T): Promise<void> {
  await layer(t, "n1", "", () => {});
  const other: Call = { namespace: `${t.call.namespace}-other` };
  await rejects(t.snapshots.stat(ref(t, "n1"), other), (err) => hasCode(err, "NOT_FOUND"));
  await rejects(t.snapshots.prepare({ ...ref(t, "n2"), parent: "n1" }, other), (err) =>
    hasCode(err, "NOT_FOUND"),
  );
}

async function deep(t: T): Promise<void> {
  const depth = 40;
  for (let i = 0; i < depth; i++) {
    await layer(t, `deep${i}`, i === 0 ? "" : `deep${i - 1}`, (root) => {
      writeFileSync(join(root, `f${i}`), String(i));
      writeFileSync(join(root, "last"), String(i));
    });
  }
  await seen(t, `deep${depth - 1}`, (root) => {
    equal(readdirSync(root).length, depth + 1);
    equal(readFileSync(join(root, "last"), "utf8"), String(depth - 1));
  });
}
