/**
 * What every containerd must do: run on the in-process one, on ours over gRPC, and on the real one, which proves the
 * suite itself.
 *
 * Neutral of the test runner: a list of named cases that throw when they fail.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call, TypedAny } from "../api/call.ts";
import type { Containerd } from "../api/containerd.ts";
import type { Envelope } from "../api/events.ts";
import { decodeEvent } from "../api/wire/event.ts";
import { codeOf, type ErrorCode } from "../errors.ts";
import type { Descriptor } from "../oci.ts";

/** One case: `run` gets a containerd and the context of a fresh namespace. */
export interface ContainerdCase {
  readonly name: string;
  run(containerd: Containerd, call: Call): Promise<void>;
}

/** Options for {@linkcode containerdSuite}. */
export interface ContainerdSuiteOptions {
  /** Snapshotter that the cases use. @default {"native"} */
  readonly snapshotter?: string;
}

const spec: TypedAny = {
  typeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Spec",
  value: new TextEncoder().encode("{}"),
};

const runtime = { name: "io.containerd.runc.v2" };

async function rejects(work: Promise<unknown>, code: ErrorCode, text?: RegExp): Promise<void> {
  const err = await work.then(
    () => assert.fail(`did not reject with ${code}`),
    (e: unknown) => e,
  );
  assert.equal(codeOf(err), code, `${err}`);
  if (text !== undefined) assert.match((err as Error).message, text);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

let counter = 0;

/** Bytes that no other case has. */
function fresh(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const seed = createHash("sha256").update(`${process.pid}/${Date.now()}/${counter++}`).digest();
  for (let i = 0; i < size; i++) bytes[i] = seed[i % 32]! ^ (i >> 5);
  return bytes;
}

async function writeBlob(
  { content }: Containerd,
  bytes: Uint8Array,
  call: Call,
  labels: Record<string, string> = {},
): Promise<Descriptor> {
  await using writer = await content.writer({ ref: `suite-${digestOf(bytes)}` }, call);
  await writer.write(bytes);
  const { digest, size } = await writer.commit({ labels });
  return { mediaType: "application/octet-stream", digest, size } as Descriptor;
}

/** The case under a lease, so that no garbage collection comes in between. */
function leased({ name, run }: ContainerdCase): ContainerdCase {
  return {
    name,
    async run(containerd, call) {
      await containerd.leases.create({ id: "held" }, call);
      await run(containerd, { ...call, lease: "held" });
      await containerd.leases.delete("held", {}, call);
    },
  };
}

/** All cases. */
export function containerdSuite(options: ContainerdSuiteOptions = {}): readonly ContainerdCase[] {
  return [
    ...daemonCases,
    ...metadataCases.map(leased),
    ...contentCases.map(leased),
    ...gcCases,
    ...eventCases,
    ...snapshotCases(options),
  ];
}

const daemonCases: readonly ContainerdCase[] = [
  {
    name: "version() tells one, introspection lists the parts that clients look for",
    async run(containerd) {
      assert.notEqual((await containerd.version()).version, "");
      const { uuid } = await containerd.introspection.server();
      assert.match(uuid, /^[0-9a-f-]{36}$/);
      assert.equal((await containerd.introspection.server()).uuid, uuid);
      const snapshotters = await containerd.introspection.plugins(["type==io.containerd.snapshotter.v1"]);
      assert.ok(snapshotters.some((p) => p.id === "overlayfs" && p.initError === undefined));
      const types = new Set((await containerd.introspection.plugins([])).map((p) => p.type));
      for (const type of ["io.containerd.content.v1", "io.containerd.runtime.v2", "io.containerd.grpc.v1"]) {
        assert.ok(types.has(type), type);
      }
    },
  },
  {
    name: "namespaces: create, get, update by field mask, list, delete",
    async run({ namespaces }, { namespace }) {
      const name = `${namespace}-ns`;
      assert.deepEqual((await namespaces.get(name)).labels, {});
      assert.deepEqual(await namespaces.create({ name, labels: { a: "1", b: "2" } }), {
        name,
        labels: { a: "1", b: "2" },
      });
      await rejects(namespaces.create({ name, labels: {} }), "ALREADY_EXISTS", /already exists/);
      await namespaces.update({ name, labels: { a: "3" } }, ["labels.a"]);
      assert.deepEqual((await namespaces.get(name)).labels, { a: "3", b: "2" });
      assert.ok((await namespaces.list()).some((n) => n.name === name));
      await namespaces.delete(name);
      await rejects(namespaces.delete(name), "NOT_FOUND");
      await rejects(namespaces.create({ name: "no/good", labels: {} }), "INVALID_ARGUMENT", /must match/);
    },
  },
  {
    name: "namespaces: one that holds objects is not deleted",
    async run({ namespaces, containers }, call) {
      await containers.create({ id: "keeper", runtime, spec }, call);
      await rejects(namespaces.delete(call.namespace), "FAILED_PRECONDITION", /must be empty.*containers/);
      await containers.delete("keeper", call);
      await namespaces.delete(call.namespace);
      assert.ok((await namespaces.list()).every((n) => n.name !== call.namespace));
    },
  },
  {
    name: "tasks: calls on a container without a task say so",
    async run({ tasks, containers }, call) {
      await rejects(
        tasks.get({ containerId: "nobody" }, call),
        "NOT_FOUND",
        /container "nobody" in namespace .*: not found/,
      );
      await containers.create({ id: "idle", runtime, spec }, call);
      await rejects(tasks.get({ containerId: "idle" }, call), "NOT_FOUND", /task idle not found/);
      await rejects(tasks.kill({ containerId: "idle", signal: 9 }, call), "NOT_FOUND");
      assert.deepEqual(await tasks.list("", call), []);
    },
  },
];

const metadataCases: readonly ContainerdCase[] = [
  {
    name: "containers: create, get, list by filter, update by field mask, delete",
    async run({ containers }, call) {
      const extension = { typeUrl: "example.com/Ext", value: new TextEncoder().encode("x") };
      const created = await containers.create(
        {
          id: "web",
          image: "img",
          labels: { role: "web", "io.x/y.z": "1" },
          runtime,
          spec,
          extensions: { e: extension },
        },
        call,
      );
      assert.equal(created.id, "web");
      assert.ok(Math.abs(created.createdAt.getTime() - Date.now()) < 60_000);
      const got = await containers.get("web", call);
      assert.deepEqual(
        { ...got, extensions: undefined, spec: undefined },
        { ...created, extensions: undefined, spec: undefined },
      );
      assert.equal(got.extensions.e?.typeUrl, "example.com/Ext");
      assert.equal(Buffer.from(got.extensions.e?.value ?? []).toString(), "x");
      await containers.create({ id: "db", labels: { role: "db" }, runtime, spec }, call);
      const ids = async (...filters: string[]) =>
        (await all(containers.list(filters, call))).map((c) => c.id).sort();
      assert.deepEqual(await ids(), ["db", "web"]);
      assert.deepEqual(await ids("id==web"), ["web"]);
      assert.deepEqual(await ids('labels."io.x/y.z"==1'), ["web"]);
      assert.deepEqual(await ids("labels.role~=^d"), ["db"]);
      assert.deepEqual(await ids("id==web,labels.role==db"), []);
      assert.deepEqual(await ids("id==web", "labels.role==db"), ["db", "web"]);
      assert.deepEqual(await ids("labels.role!=db"), ["web"]);
      await rejects(ids("id==="), "INVALID_ARGUMENT");
      const updated = await containers.update({ id: "web", labels: { role: "api" } }, ["labels.role"], call);
      assert.deepEqual(updated.labels, { role: "api", "io.x/y.z": "1" });
      assert.equal(updated.image, "img");
      await containers.delete("web", call);
      await rejects(containers.delete("web", call), "NOT_FOUND", /not found/);
    },
  },
  {
    name: "containers: bad input is refused with the peer's text and changes nothing",
    async run({ containers }, call) {
      await rejects(
        containers.create({ id: "", runtime, spec }, call),
        "INVALID_ARGUMENT",
        /identifier must not be empty/,
      );
      await rejects(containers.create({ id: "a/b", runtime, spec }, call), "INVALID_ARGUMENT", /must match/);
      await rejects(
        containers.create({ id: "x".repeat(77), runtime, spec }, call),
        "INVALID_ARGUMENT",
        /maximum length/,
      );
      await rejects(
        containers.create({ id: "c", spec }, call),
        "INVALID_ARGUMENT",
        /Runtime.Name must be set/,
      );
      await rejects(containers.create({ id: "c", runtime }, call), "INVALID_ARGUMENT", /Spec must be set/);
      const labels = { k: "v".repeat(4096) };
      await rejects(
        containers.create({ id: "c", runtime, spec, labels }, call),
        "INVALID_ARGUMENT",
        /maximum size/,
      );
      await containers.create({ id: "c", runtime, spec }, call);
      await rejects(
        containers.create({ id: "c", runtime, spec }, call),
        "ALREADY_EXISTS",
        /container "c": already exists/,
      );
      await rejects(
        containers.update({ id: "c" }, ["runtime"], call),
        "INVALID_ARGUMENT",
        /cannot update "runtime"/,
      );
      await rejects(
        containers.get("c", { ...call, namespace: "" }),
        "FAILED_PRECONDITION",
        /namespace is required/,
      );
      assert.equal((await all(containers.list([], call))).length, 1);
    },
  },
  {
    name: "images: create, get, list by filter, update, delete; namespaces do not see each other's",
    async run(containerd, call) {
      const { images } = containerd;
      const target = await writeBlob(containerd, fresh(10), call);
      const image = await images.create({ name: "reg/a:1", target, labels: { l: "1" } }, call);
      assert.deepEqual(image.target, target);
      await rejects(
        images.create({ name: "reg/a:1", target }, call),
        "ALREADY_EXISTS",
        /image "reg\/a:1": already exists/,
      );
      assert.equal((await images.list([`target.digest==${JSON.stringify(target.digest)}`], call)).length, 1);
      assert.equal((await images.list(["name~=|^reg/b|"], call)).length, 0);
      const updated = await images.update({ name: "reg/a:1", target, labels: { m: "2" } }, ["labels"], call);
      assert.deepEqual(updated.labels, { m: "2" });
      await rejects(images.get("reg/a:1", { ...call, namespace: `${call.namespace}-other` }), "NOT_FOUND");
      await rejects(
        images.create({ name: "x", target: { ...target, size: 0 } }, call),
        "INVALID_ARGUMENT",
        /Size must be/,
      );
      await rejects(images.create({ name: "", target }, call), "INVALID_ARGUMENT");
      await images.delete("reg/a:1", {}, call);
      await rejects(images.delete("reg/a:1", {}, call), "NOT_FOUND", /image "reg\/a:1": not found/);
    },
  },
];

const contentCases: readonly ContainerdCase[] = [
  {
    name: "content: 5 MiB in uneven pieces come back whole, and by range",
    async run({ content }, call) {
      const bytes = fresh(5 * 1024 * 1024 + 17);
      {
        await using writer = await content.writer({ ref: "big", total: bytes.length }, call);
        for (let at = 0; at < bytes.length; at += 1_500_001)
          await writer.write(bytes.subarray(at, at + 1_500_001));
        assert.equal((await writer.status()).offset, bytes.length);
        const done = await writer.commit({
          size: bytes.length,
          expected: digestOf(bytes),
          labels: { a: "b" },
        });
        assert.deepEqual(done, { digest: digestOf(bytes), size: bytes.length });
      }
      const digest = digestOf(bytes);
      assert.deepEqual((await content.info(digest, call)).labels, { a: "b" });
      const pieces = await all(content.read(digest, {}, call));
      assert.ok(pieces.every((p) => p.length <= 1024 * 1024));
      assert.equal(digestOf(Buffer.concat(pieces)), digest);
      const part = Buffer.concat(await all(content.read(digest, { offset: 1000, size: 2000 }, call)));
      assert.deepEqual(part, Buffer.from(bytes.subarray(1000, 3000)));
      const rest = Buffer.concat(
        await all(content.read(digest, { offset: bytes.length - 3, size: 100 }, call)),
      );
      assert.deepEqual(rest, Buffer.from(bytes.subarray(bytes.length - 3)));
      await rejects(all(content.read(digest, { offset: bytes.length + 1 }, call)), "OUT_OF_RANGE");
      await rejects(all(content.read(digestOf(fresh(1)), {}, call)), "NOT_FOUND");
    },
  },
  {
    name: "content: a writer that left is resumed where it was; one that is there locks the ref",
    async run({ content }, call) {
      const bytes = fresh(3000);
      {
        await using writer = await content.writer({ ref: "resume", total: 3000 }, call);
        await writer.write(bytes.subarray(0, 1000));
        await rejects(content.writer({ ref: "resume" }, call), "UNAVAILABLE", /locked/);
      }
      assert.equal((await content.status("resume", call)).offset, 1000);
      assert.deepEqual(
        (await content.statuses(["ref==resume"], call)).map((s) => s.offset),
        [1000],
      );
      await using writer = await content.writer({ ref: "resume", total: 3000 }, call);
      assert.equal((await writer.status()).offset, 1000);
      await writer.write(bytes.subarray(1000));
      assert.equal((await writer.commit({ size: 3000 })).digest, digestOf(bytes));
      await rejects(content.status("resume", call), "NOT_FOUND");
    },
  },
  {
    name: "content: truncating starts over",
    async run({ content }, call) {
      const bytes = fresh(100);
      await using writer = await content.writer({ ref: "again" }, call);
      await writer.write(fresh(50));
      await writer.truncate(0);
      await writer.write(bytes);
      assert.deepEqual(await writer.commit(), { digest: digestOf(bytes), size: 100 });
    },
  },
  {
    name: "content: what is not as expected does not become a blob",
    async run({ content }, call) {
      const bytes = fresh(64);
      for (const request of [{ size: 65 }, { expected: digestOf(fresh(1)) }]) {
        await using writer = await content.writer({ ref: "wrong" }, call);
        await writer.truncate(0);
        await writer.write(bytes);
        await rejects(writer.commit(request), "FAILED_PRECONDITION");
      }
      await rejects(content.info(digestOf(bytes), call), "NOT_FOUND");
      await content.abort("wrong", call);
      await rejects(content.abort("wrong", call), "NOT_FOUND");
    },
  },
  {
    name: "content: a blob that is there is not written again; labels change by field mask; deleted is gone",
    async run(containerd, call) {
      const { content } = containerd;
      const bytes = fresh(32);
      const { digest } = await writeBlob(containerd, bytes, call, { keep: "1", drop: "1" });
      await rejects(content.writer({ ref: "dup", expected: digest }, call), "ALREADY_EXISTS");
      await rejects(writeBlob(containerd, bytes, call), "ALREADY_EXISTS");
      await content.update({ digest, labels: { drop: "", add: "2" } }, ["labels.drop", "labels.add"], call);
      assert.deepEqual((await content.info(digest, call)).labels, { keep: "1", add: "2" });
      assert.deepEqual(
        (await all(content.list(["labels.add==2"], call))).map((i) => i.digest),
        [digest],
      );
      await content.delete(digest, call);
      await rejects(content.info(digest, call), "NOT_FOUND");
      await rejects(content.delete(digest, call), "NOT_FOUND");
    },
  },
  {
    name: "content: another namespace gets a blob by its digest, and loses only its own",
    async run(containerd, call) {
      const { content, namespaces, leases } = containerd;
      const other = { ...call, namespace: `${call.namespace}-shared` };
      await leases.create({ id: "held" }, other);
      const bytes = fresh(4096);
      const { digest, size } = await writeBlob(containerd, bytes, call);
      await rejects(content.info(digest, other), "NOT_FOUND");
      {
        await using writer = await content.writer({ ref: "share", total: size, expected: digest }, other);
        assert.equal((await writer.status()).offset, size);
        await writer.commit({ size, expected: digest });
      }
      assert.equal(digestOf(Buffer.concat(await all(content.read(digest, {}, other)))), digest);
      await content.delete(digest, call);
      assert.equal(digestOf(Buffer.concat(await all(content.read(digest, {}, other)))), digest);
      await content.delete(digest, other);
      await leases.delete("held", {}, other);
      await namespaces.delete(other.namespace);
    },
  },
];

const gcCases: readonly ContainerdCase[] = [
  {
    name: "leases: create, list, resources, delete",
    async run({ leases }, call) {
      const lease = await leases.create({ id: "l1", labels: { x: "y" } }, call);
      assert.equal(lease.id, "l1");
      await rejects(leases.create({ id: "l1" }, call), "ALREADY_EXISTS");
      const resource = { id: digestOf(fresh(1)), type: "content" };
      await leases.addResource("l1", resource, call);
      await leases.addResource("l1", { id: "k", type: "snapshots/overlayfs" }, call);
      assert.equal((await leases.resources("l1", call)).length, 2);
      await leases.deleteResource("l1", resource, call);
      assert.deepEqual(await leases.resources("l1", call), [{ id: "k", type: "snapshots/overlayfs" }]);
      assert.deepEqual(
        (await leases.list(["labels.x==y"], call)).map((l) => l.id),
        ["l1"],
      );
      await leases.delete("l1", {}, call);
      await rejects(leases.resources("l1", call), "NOT_FOUND");
      await rejects(leases.delete("l1", {}, call), "NOT_FOUND", /lease "l1": not found/);
    },
  },
  {
    name: "gc: what images, labels and leases reach stays, the rest goes",
    async run(containerd, call) {
      const { content, images, leases } = containerd;
      await leases.create({ id: "build" }, call);
      const building = { ...call, lease: "build" };
      const grandchild = await writeBlob(containerd, fresh(11), building);
      const child = await writeBlob(containerd, fresh(12), building, {
        "containerd.io/gc.ref.content.0": grandchild.digest,
      });
      const root = await writeBlob(containerd, fresh(13), building, {
        "containerd.io/gc.ref.content.m.0": child.digest,
      });
      const rooted = await writeBlob(containerd, fresh(14), building, { "containerd.io/gc.root": "now" });
      const orphan = await writeBlob(containerd, fresh(15), building);
      await leases.create({ id: "hold" }, call);
      const held = await writeBlob(containerd, fresh(16), { ...call, lease: "hold" });
      await images.create({ name: "tree", target: root }, call);
      await leases.delete("build", { sync: true }, call);
      for (const kept of [root, child, grandchild, rooted, held]) await content.info(kept.digest, call);
      await rejects(content.info(orphan.digest, call), "NOT_FOUND");
      await images.delete("tree", { sync: true }, call);
      for (const gone of [root, child, grandchild])
        await rejects(content.info(gone.digest, call), "NOT_FOUND");
      await leases.delete("hold", { sync: true }, call);
      await rejects(content.info(held.digest, call), "NOT_FOUND");
      await content.info(rooted.digest, call);
    },
  },
  {
    name: "gc: a lease that has expired holds nothing; a call with an unknown lease is refused",
    async run(containerd, call) {
      const { content, leases } = containerd;
      const soon = new Date(Date.now() + 500).toISOString();
      await leases.create({ id: "old", labels: { "containerd.io/gc.expire": soon } }, call);
      const blob = await writeBlob(containerd, fresh(17), { ...call, lease: "old" });
      await sleep(1_000); // Past it also for a clock of whole seconds.
      await leases.create({ id: "trigger" }, call);
      await leases.delete("trigger", { sync: true }, call);
      await rejects(content.info(blob.digest, call), "NOT_FOUND");
      assert.deepEqual(await leases.list([], call), []);
      await rejects(writeBlob(containerd, fresh(18), { ...call, lease: "nowhere" }), "NOT_FOUND", /lease/);
    },
  },
];

/** The first `count` events of `events`. */
async function take(events: AsyncIterable<Envelope>, count: number): Promise<Envelope[]> {
  const found: Envelope[] = [];
  for await (const envelope of events) {
    found.push(envelope);
    if (found.length === count) break;
  }
  return found;
}

const eventCases: readonly ContainerdCase[] = [
  {
    name: "events: changes are published in their namespace, subscriptions filter",
    async run(containerd, call) {
      const { events, containers } = containerd;
      const filter = `namespace==${call.namespace},topic~=|^/containers/|`;
      const seen = take(events.subscribe([filter], { signal: AbortSignal.timeout(10_000) }), 2);
      // A daemon behind a socket hears of the subscription a moment later.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const image = await writeBlob(containerd, fresh(8), call);
      await containerd.images.create({ name: "not-matched", target: image }, call);
      await containers.create({ id: "c", image: "i", runtime, spec }, call);
      await containers.delete("c", call);
      const decoded = (await seen).map((e) => decodeEvent(e));
      assert.deepEqual(
        decoded.map((e) => (e === undefined ? undefined : [e.topic, "id" in e ? e.id : ""])),
        [
          ["/containers/create", "c"],
          ["/containers/delete", "c"],
        ],
      );
      assert.equal((await seen)[0]?.namespace, call.namespace);
    },
  },
  {
    name: "events: publish and forward; bad topics are refused",
    async run({ events }, call) {
      const seen = take(
        events.subscribe([`namespace==${call.namespace}`], { signal: AbortSignal.timeout(10_000) }),
        2,
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
      const event = { typeUrl: "example.com/E", value: new TextEncoder().encode("e") };
      await events.publish("/suite/one", event, call);
      const timestamp = new Date(1_700_000_000_000);
      await events.forward({ timestamp, namespace: call.namespace, topic: "/suite/two", event });
      const [one, two] = await seen;
      assert.deepEqual([one?.topic, two?.topic], ["/suite/one", "/suite/two"]);
      assert.deepEqual(two?.timestamp, timestamp);
      assert.equal(Buffer.from(two?.event.value ?? []).toString(), "e");
      await rejects(events.publish("no-slash", event, call), "INVALID_ARGUMENT", /must start with/);
      await rejects(events.publish("/a//b", event, call), "INVALID_ARGUMENT");
    },
  },
];

function snapshotCases({ snapshotter = "native" }: ContainerdSuiteOptions): readonly ContainerdCase[] {
  return [
    {
      name: "snapshots: prepare, commit, child, refusals, remove",
      async run({ snapshots, leases }, outer) {
        const at = (key: string) => ({ snapshotter, key });
        await leases.create({ id: "build" }, outer);
        const call = { ...outer, lease: "build" };
        const mounts = await snapshots.prepare({ ...at("active"), labels: { l: "1" } }, call);
        assert.equal(mounts[0]?.type, "bind");
        assert.deepEqual(await snapshots.mounts(at("active"), call), mounts);
        await rejects(snapshots.prepare(at("active"), call), "ALREADY_EXISTS");
        await snapshots.commit({ ...at("active"), name: "base" }, call);
        await rejects(snapshots.stat(at("active"), call), "NOT_FOUND");
        const { kind, parent } = await snapshots.stat(at("base"), call);
        assert.deepEqual([kind, parent], ["committed", ""]);
        await snapshots.prepare({ ...at("child"), parent: "base" }, call);
        await snapshots.view({ ...at("view"), parent: "base" }, call);
        await rejects(snapshots.prepare({ ...at("x"), parent: "nobody" }, call), "NOT_FOUND");
        await rejects(snapshots.remove(at("base"), call), "FAILED_PRECONDITION");
        const infos = await all(snapshots.list(snapshotter, [], call));
        assert.deepEqual(infos.map((i) => [i.name, i.kind, i.parent]).sort(), [
          ["base", "committed", ""],
          ["child", "active", "base"],
          ["view", "view", "base"],
        ]);
        assert.equal((await all(snapshots.list(snapshotter, ["kind==view"], call))).length, 1);
        assert.ok((await snapshots.usage(at("child"), call)).inodes >= 1);
        const updated = await snapshots.update({ ...at("child"), labels: { a: "b" } }, ["labels.a"], call);
        assert.equal(updated.labels.a, "b");
        for (const key of ["child", "view", "base"]) await snapshots.remove(at(key), call);
        await rejects(snapshots.remove(at("base"), call), "NOT_FOUND");
        await rejects(
          snapshots.stat({ snapshotter: "nosuch", key: "k" }, call),
          "INVALID_ARGUMENT",
          /not loaded/,
        );
      },
    },
    {
      name: "snapshots: garbage collection takes those that no container or lease holds",
      async run({ snapshots, containers, leases }, call) {
        const at = (key: string) => ({ snapshotter, key });
        await leases.create({ id: "t" }, call);
        const building = { ...call, lease: "t" };
        await snapshots.prepare(at("p"), building);
        await snapshots.commit({ ...at("p"), name: "base" }, building);
        await snapshots.prepare({ ...at("used"), parent: "base" }, building);
        await snapshots.prepare({ ...at("unused"), parent: "base" }, building);
        await containers.create({ id: "c", runtime, spec, snapshotter, snapshotKey: "used" }, call);
        await leases.delete("t", { sync: true }, call);
        await rejects(snapshots.stat(at("unused"), call), "NOT_FOUND");
        await snapshots.stat(at("used"), call);
        await snapshots.stat(at("base"), call);
        await containers.delete("c", call);
        await leases.create({ id: "t" }, call);
        await leases.delete("t", { sync: true }, call);
        assert.deepEqual(await all(snapshots.list(snapshotter, [], call)), []);
      },
    },
  ];
}
