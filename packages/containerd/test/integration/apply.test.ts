import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Diff } from "../../src/api/diff.ts";
import type { Mount } from "../../src/api/mount.ts";
import { ContainerdClient } from "../../src/client/index.ts";
import { type LayerTarget, LayerWriter } from "../../src/diff/layer_writer.ts";
import { localDiff } from "../../src/diff/local_diff.ts";
import { TarReader } from "../../src/diff/tar_reader.ts";
import { unpackLayer } from "../../src/diff/unpack_layer.ts";
import type { Inodes } from "../../src/host/inodes.ts";
import { linuxInodes } from "../../src/host/inodes_linux.ts";
import { type Kernel, portKernel } from "../../src/kernel.ts";
import { TempMounts } from "../../src/mount/temp_mounts.ts";
import { digestOf, hasCode, RtError } from "../../src/oci.ts";
import { localSnapshots } from "../../src/snapshots/local_snapshots.ts";
import { nativeLayout } from "../../src/snapshots/native.ts";
import { overlayLayout } from "../../src/snapshots/overlay.ts";
import { Snapshotter } from "../../src/snapshots/snapshotter.ts";
import { imageOf, storeImage, type TestEntry, tarOf } from "../../src/testing/layer.ts";
import { unpackImage } from "../../src/unpack/unpack.ts";
import { missing, startContainerd } from "./peers.ts";
import { treeOf } from "./tree.ts";

const noRoot = missing();
const noPeer = missing("containerd", "ctr", "busybox");

let dir: string;
let kernel: Kernel;
let inodes: Inodes;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "rt-apply-"));
  kernel = portKernel();
  inodes = linuxInodes(kernel);
});

afterAll(async () => {
  await kernel[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const T = { seconds: 1_600_000_000, nanoseconds: 0 };
const N = { seconds: 1_600_000_000, nanoseconds: 123_456_789 };
const file = (name: string, body = "", more: Partial<TestEntry> = {}): TestEntry => ({
  type: "file",
  name,
  mode: 0o644,
  mtime: T,
  body,
  ...more,
});
const folder = (name: string, more: Partial<TestEntry> = {}): TestEntry => ({
  type: "directory",
  name,
  mode: 0o755,
  mtime: T,
  ...more,
});
const link = (name: string, linkName: string): TestEntry => ({ type: "link", name, linkName, mtime: T });
const symlink = (name: string, linkName: string): TestEntry => ({
  type: "symlink",
  name,
  linkName,
  mtime: N,
});

async function* pieces(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

let count = 0;
async function unpacked(entries: readonly TestEntry[], target: Partial<LayerTarget> = {}): Promise<string> {
  const root = join(dir, `t${count++}`);
  mkdirSync(root);
  await unpackLayer(
    pieces(tarOf(entries)),
    { root, lowers: [], whiteouts: "delete", empty: true, ...target },
    inodes,
  );
  return root;
}

const BASE: readonly TestEntry[] = [
  symlink("bin/sh", "busybox"),
  folder("tmp", { mode: 0o1777, mtime: N }),
  file("tmp/suid", "x", { mode: 0o4755, uid: 1000, gid: 1001, mtime: N }),
  file("cap", "", {
    mode: 0o755,
    xattrs: new Map([
      ["security.capability", Buffer.from("0100000200040000000000000000000000000000", "hex")],
      ["user.hi", Buffer.from([0xff, 0, 1])],
      ["trusted.overlay.opaque", Buffer.from("y")],
    ]),
  }),
  { type: "char", name: "dev/null", mode: 0o666, deviceMajor: 1, deviceMinor: 3, mtime: T },
  { type: "block", name: "dev/loop300", mode: 0o660, deviceMajor: 259, deviceMinor: 300, mtime: T, gid: 6 },
  { type: "fifo", name: "dev/fifo", mode: 0o640, uid: 5, mtime: N },
  file("implied/deep/er", "1", { mode: 0o600 }),
  symlink("lnk", "/implied"),
  file("lnk/through", "2"),
  file(`${"a".repeat(90)}/${"b".repeat(120)}`, "long"),
  file(Buffer.from("ünïcode").toString("latin1"), "utf-8 name"),
  file("latin\xe9", "name that is no utf-8"),
  file("old", "", { mtime: { seconds: -5, nanoseconds: 0 } }),
  folder("gone"),
  file("gone/f"),
  folder("opq"),
  file("opq/old"),
  folder("dirtofile"),
  file("dirtofile/x"),
  file("filetodir"),
  folder("sgid", { mode: 0o2775, gid: 77 }),
  file("sgid/f"),
  folder("sgid/d"),
  folder("keepmeta", {
    mode: 0o711,
    mtime: N,
    uid: 9,
    gid: 9,
    xattrs: new Map([["user.dir", Buffer.from("d")]]),
  }),
];
const ABOVE: readonly TestEntry[] = [
  file(".wh.gone"),
  folder("opq"),
  file("opq/.wh..wh..opq"),
  file("opq/new"),
  file("dirtofile", "f"),
  folder("filetodir"),
  file("filetodir/x"),
  file("bin/.wh.sh"),
  file("keepmeta/added"),
  file("tmp/suid", "new", { mode: 0o755 }),
  file("../../escape", "clamped"),
  file("/abs", "absolute"),
];

/** Time stamps of directories that the archive does not have, and of whiteouts, are when they were made. */
function comparable(tree: readonly string[]): string[] {
  const now = String(Math.floor(Date.now() / 10_000_000));
  return tree
    .map((line) => line.replace(new RegExp(` ${now.slice(0, 4)}\\d{15} `), " now "))
    .filter((line) => !/^\/(bin|tmp|keepmeta|replaced|sgid) /.test(line));
}

describe.skipIf(noPeer)(`apply() beside real containerd${noPeer ? ` (skipped: ${noPeer})` : ""}`, () => {
  it("the same image gives the same trees, layer by layer, in overlayfs and native", async () => {
    await using peer = await startContainerd();
    await using client = new ContainerdClient({ address: peer.address });
    const call = { namespace: "same", lease: (await client.leases.create({}, { namespace: "same" })).id };
    const busybox = file("bin/busybox", "", { body: readFileSync("/usr/bin/busybox"), mode: 0o755 });
    const image = imageOf([
      { tar: tarOf([folder("bin"), busybox, link("bin/ls", "bin/busybox"), ...BASE]) },
      { tar: tarOf(ABOVE) },
    ]);
    await storeImage(client.content, image, call);
    const snapshotters = [overlayLayout(), nativeLayout(inodes)].map(
      (l) => new Snapshotter(join(dir, l.name), l),
    );
    const diff = localDiff({ content: client.content, inodes, withMounts: unneeded });
    const ours = { content: client.content, snapshots: localSnapshots(snapshotters), diff };
    for (const { name: snapshotter } of snapshotters) {
      const theirTop = await unpackImage(client, image.target, { snapshotter }, call);
      const ourTop = await unpackImage(ours, image.target, { snapshotter }, call);
      expect(ourTop).toBe(theirTop);
      const ref = { snapshotter, key: "view", parent: ourTop };
      const theirs = directories(await client.snapshots.view(ref, call));
      const own = directories(await ours.snapshots.view(ref, call));
      expect(own.length).toBe(theirs.length);
      for (const [i, theirDir] of theirs.entries()) {
        const tree = comparable(await treeOf(inodes, theirDir));
        expect(tree.length).toBeGreaterThan(8);
        expect(comparable(await treeOf(inodes, own[i]!))).toEqual(tree);
      }
      const size = (u: { size: number; inodes: number }) => u.inodes;
      expect(size(await ours.snapshots.usage({ snapshotter, key: ourTop }, call))).toBe(
        size(await client.snapshots.usage({ snapshotter, key: ourTop }, call)),
      );
    }
    for (const s of snapshotters) await s[Symbol.asyncDispose]();
  });
});

const unneeded = async (): Promise<never> => {
  throw new Error("mounted, but need not be");
};

function directories(mounts: readonly Mount[]): string[] {
  const [mount] = mounts;
  if (mount?.type === "bind") return [mount.source];
  return mount!.options
    .find((o) => o.startsWith("lowerdir="))!
    .slice("lowerdir=".length)
    .split(":");
}

describe.skipIf(noRoot)(`unpackLayer()${noRoot ? ` (skipped: ${noRoot})` : ""}`, () => {
  it("gives the digest and size of the uncompressed archive, trailing bytes included", async () => {
    const tar = Buffer.concat([tarOf([file("f", "x")]), Buffer.alloc(8192)]);
    const root = join(dir, "digest");
    mkdirSync(root);
    const target = { root, lowers: [], whiteouts: "delete", empty: true } as const;
    const result = await unpackLayer(pieces(tar, 700), target, inodes);
    expect(result).toEqual({ diffId: digestOf(tar), size: tar.length, entries: 1 });
  });

  it("a hard link to a file below copies it up once, and both names are one inode", async () => {
    const lower = await unpacked([
      file("d/f", "body", { mode: 0o4750, uid: 7, gid: 8, mtime: N }),
      symlink("s", "f"),
    ]);
    const root = await unpacked(
      [{ ...link("d/g", "d/f"), mode: 0o4750, uid: 7, gid: 8, mtime: N }, link("t", "s")],
      {
        lowers: [lower],
        whiteouts: "overlay",
      },
    );
    const [f, g] = [
      lstatSync(join(root, "d/f"), { bigint: true }),
      lstatSync(join(root, "d/g"), { bigint: true }),
    ];
    expect(g.ino).toBe(f.ino);
    expect([f.mode & 0o7777n, f.uid, f.gid, f.mtimeNs]).toEqual([
      0o4750n,
      7n,
      8n,
      1_600_000_000_123_456_789n,
    ]);
    expect(readFileSync(join(root, "d/g"), "utf8")).toBe("body");
    expect(lstatSync(join(root, "t")).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(lower, "d/f")).nlink).toBe(1);
  });

  it("a hard link to nothing fails with NOT_FOUND, naming the entry", async () => {
    const error = await unpacked([link("a", "missing")]).catch((err: unknown) => err);
    expect(hasCode(error, "NOT_FOUND")).toBe(true);
    expect((error as Error).message).toBe('cannot unpack "a": link target "missing" not found');
  });

  it("a directory that hides one below is opaque, whichever order the archive has", async () => {
    const lower = await unpacked([file("d/low"), file("e/low")]);
    const root = await unpacked([file(".wh.d"), file("d/new"), file("e/new"), file(".wh.e")], {
      lowers: [lower],
      whiteouts: "overlay",
    });
    const found = await inodes.xattrs([join(root, "d"), join(root, "e")]);
    expect(found.map((m) => Buffer.from(m.get("trusted.overlay.opaque") ?? []).toString())).toEqual([
      "y",
      "y",
    ]);
    expect(readdirSync(root).sort()).toEqual(["d", "e"]);
  });

  it("whiteouts take what lies below and spare what the layer brings", async () => {
    const root = await unpacked([file("d/low"), file("e/low"), file("keep")]);
    const target = { root, lowers: [], whiteouts: "delete", empty: false } as const;
    await unpackLayer(
      pieces(
        tarOf([file("d/new"), file("d/.wh..wh..opq"), file("e/new"), file(".wh.e"), file(".wh..wh.plnk/x")]),
      ),
      target,
      inodes,
    );
    expect([readdirSync(root).sort(), readdirSync(join(root, "d")), readdirSync(join(root, "e"))]).toEqual([
      ["d", "e", "keep"],
      ["new"],
      ["new"],
    ]);
  });

  it("a file may come twice; the last one stays", async () => {
    const root = await unpacked([
      file("f", "1"),
      file("f", "22"),
      folder("d"),
      file("d/x"),
      file("d", "file now"),
    ]);
    expect(readFileSync(join(root, "f"), "utf8")).toBe("22");
    expect(readFileSync(join(root, "d"), "utf8")).toBe("file now");
  });

  it("an archive that is cut off fails, wherever it is cut", async () => {
    const tar = tarOf([file("a", "x".repeat(2000)), file("b".repeat(300), "y")]);
    for (const length of [100, 512, 1300, 2600, 3100, 3600]) {
      const root = join(dir, `cut${length}`);
      mkdirSync(root);
      const target = { root, lowers: [], whiteouts: "delete", empty: true } as const;
      const error = await unpackLayer(pieces(tar.subarray(0, length)), target, inodes).catch(
        (err: unknown) => err,
      );
      expect(hasCode(error, "INVALID_ARGUMENT"), `cut at ${length}: ${error}`).toBe(true);
    }
  });
});

describe.skipIf(noRoot)(`unpackLayer() of hostile archives${noRoot ? ` (skipped: ${noRoot})` : ""}`, () => {
  /** Everything outside the target, which must not change. */
  function arena(): { root: string; lower: string; outside: string; target: string } {
    const root = join(dir, `arena${count++}`);
    const outside = join(root, "outside");
    const lower = join(root, "lower");
    const target = join(root, "parent/target");
    for (const d of [outside, join(outside, "deep"), lower, target]) mkdirSync(d, { recursive: true });
    writeFileSync(join(outside, "secret"), "secret");
    chmodSync(join(outside, "secret"), 0o640);
    symlinkSync(outside, join(lower, "out"));
    mkdirSync(join(lower, "a"));
    writeFileSync(join(lower, "a/low"), "low");
    return { root, lower, outside, target };
  }

  const names = ["l", "l/x", "l/secret", "l/deep/y", "a", "a/l", "a/l/x", "out", "out/secret", "out/x"];
  const evil = [
    "..",
    "../outside/secret",
    "../../outside/x",
    "a/../../../outside/y",
    "/../../outside",
    ".",
    "/",
  ];
  const whiteouts = [
    ".wh.a",
    ".wh.l",
    "l/.wh.secret",
    "l/.wh..wh..opq",
    ".wh..wh..opq",
    "a/.wh..",
    "out/.wh.secret",
  ];
  const hostileEntry = (outside: string): fc.Arbitrary<TestEntry> =>
    fc.record({
      type: fc.constantFrom("file", "file", "link", "symlink", "symlink", "char", "directory", "fifo"),
      name: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...names) },
        { weight: 1, arbitrary: fc.constantFrom(...evil, `${outside}/secret`) },
        { weight: 2, arbitrary: fc.constantFrom(...whiteouts) },
      ),
      linkName: fc.oneof(
        fc.constantFrom(outside, "../../outside", "../../../outside", `${outside}/secret`),
        fc.constantFrom("../../outside/secret", "..", "/", "l", "a", "a/l", "out", "out/secret", "l/secret"),
      ),
      mode: fc.constantFrom(0o644, 0o4755, 0o777, 0),
      uid: fc.constantFrom(0, 1234),
      gid: fc.constant(0),
      mtime: fc.constantFrom(T, N),
      body: fc.constantFrom("", "owned"),
      xattrs: fc.constantFrom(
        new Map<string, Uint8Array>(),
        new Map([
          ["user.x", Buffer.from("1")],
          ["trusted.overlay.redirect", Buffer.from("/outside")],
        ]),
      ),
    });
  /** Attacks that were once successful on somebody. */
  const known = (outside: string): readonly (readonly TestEntry[])[] =>
    [outside, "../../outside"].flatMap((to) => [
      [symlink("l", to), file("l/secret", "owned")],
      [symlink("l", to), file("l/new", "owned")],
      [symlink("l", to), folder("l", { mode: 0o777, uid: 1234 })],
      [symlink("l", to), folder("l/deep", { mode: 0o777, uid: 1234 })],
      [symlink("l", to), folder("l/made")],
      [symlink("l", to), file("l/.wh.secret")],
      [symlink("l", to), file("l/.wh..wh..opq")],
      [symlink("l", `${to}/secret`), file("l", "owned")],
      [symlink("l", `${to}/secret`), { ...file("l"), mode: 0o4777, uid: 1234 }],
      [symlink("l", `${to}/secret`), link("h", "l"), file("h", "owned", { uid: 1234 })],
      [symlink("l", `${to}/secret`), { ...link("h", "l"), mode: 0o777, uid: 1234 }],
      [symlink("l", to), link("h", "l/secret"), file("h", "owned")],
      [link("h", `${to}/secret`), file("h", "owned")],
      [symlink("l", to), symlink("m", "l"), file("m/secret", "owned")],
      [folder("d"), file("d/x"), symlink("d", to), file("d/secret", "owned")],
      [symlink("d", to), file(".wh.d"), file("d/secret", "owned")],
      [symlink("l", to), { type: "char", name: "l/null", mode: 0o666, deviceMajor: 1, deviceMinor: 3 }],
      [symlink("l", to), { type: "fifo", name: "l/fifo" }],
      [file("out/secret", "owned"), link("x", "out/secret"), file("out/.wh.secret")],
      [file(`${"../".repeat(20)}${outside}/secret`, "owned")],
    ]);

  for (const style of ["delete", "overlay"] as const) {
    it(`nothing outside the target changes, whatever a layer holds (${style})`, {
      timeout: 110_000,
    }, async () => {
      let failed = 0;
      let passed = 0;
      const { root, lower, outside, target } = arena();
      const state = async (): Promise<string[]> => [
        ...(await treeOf(inodes, outside)),
        ...(await treeOf(inodes, lower)),
        ...readdirSync(root),
        ...readdirSync(join(root, "parent")),
        ...[outside, root, lower, join(root, "parent")].map((d) => {
          const { mtimeNs, mode, uid } = lstatSync(d, { bigint: true });
          return `${d} ${mtimeNs} ${mode} ${uid}`;
        }),
      ];
      const before = await state();
      const lowers = style === "overlay" ? [lower] : [];
      // An entry that is refused does not end the attack, as it would in earnest.
      const attack = async (entries: readonly TestEntry[]): Promise<void> => {
        for (const name of readdirSync(target)) rmSync(join(target, name), { recursive: true, force: true });
        const reader = new TarReader(pieces(tarOf(entries)));
        const writer = new LayerWriter(
          { root: target, lowers, whiteouts: style, empty: true },
          inodes,
          0o022,
        );
        const attempt = async (step: () => Promise<unknown>): Promise<void> => {
          try {
            await step();
            passed++;
          } catch (err) {
            if (!(err instanceof RtError)) throw err;
            failed++;
          }
        };
        for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
          const one = entry;
          await attempt(() => writer.write(one, reader));
        }
        await attempt(() => writer.finish());
        expect(await state(), JSON.stringify(entries)).toEqual(before);
      };
      for (const entries of known(outside)) await attack(entries);
      const hostile = fc.array(hostileEntry(outside), { minLength: 2, maxLength: 16 });
      await fc.assert(fc.asyncProperty(hostile, attack), { numRuns: 400 });
      expect(passed).toBeGreaterThan(1000);
      expect(failed).toBeGreaterThan(300);
    });
  }
});

describe.skipIf(noRoot)(`compare()${noRoot ? ` (skipped: ${noRoot})` : ""}`, () => {
  it("what a container changed, applied elsewhere, gives the same tree; mounted or not", async () => {
    const mounts = await TempMounts.open(kernel, join(dir, "mounts"));
    const store = memoryContent();
    const withMounts = <R>(list: readonly Mount[], work: (root: string) => Promise<R>): Promise<R> =>
      mounts.with(list, work);
    const diff: Diff = localDiff({ content: store.content, inodes, withMounts });
    const call = { namespace: "compare" };
    const overlay = new Snapshotter(join(dir, "compare"), overlayLayout());
    const snapshots = localSnapshots([overlay]);
    const ref = { snapshotter: "overlayfs" };
    const base = await snapshots.prepare({ ...ref, key: "b" }, call);
    const layer = store.put(tarOf(BASE));
    await diff.apply(layer, base, {}, call);
    await snapshots.commit({ ...ref, key: "b", name: "base" }, call);
    const right = await snapshots.prepare({ ...ref, key: "c", parent: "base" }, call);
    await mounts.with(right, async (root) => {
      rmSync(join(root, "gone"), { recursive: true });
      rmSync(join(root, "opq"), { recursive: true });
      mkdirSync(join(root, "opq"));
      writeFileSync(join(root, "opq/new"), "new");
      writeFileSync(join(root, "implied/deep/er"), "changed");
      chmodSync(join(root, "keepmeta"), 0o700);
      writeFileSync(join(root, "big"), new Uint8Array(3_000_000).fill(7));
      symlinkSync("big", join(root, "link"));
    });
    const left = await snapshots.view({ ...ref, key: "v", parent: "base" }, call);
    const wanted = await mounts.with(right, (root) => treeOf(inodes, root));
    const copy = async (changed: Awaited<ReturnType<Diff["compare"]>>, key: string): Promise<string[]> => {
      const onto = await snapshots.prepare({ ...ref, key, parent: "base" }, call);
      const { digest } = await diff.apply(changed, onto, {}, call);
      expect(store.labels.get(changed.digest)?.["containerd.io/uncompressed"]).toBe(digest);
      return await mounts.with(onto, (root) => treeOf(inodes, root));
    };
    const seconds = (tree: readonly string[]): string[] =>
      tree.map((l) => l.replace(/ (\d{10})\d{9} /, " $1 "));
    const first = await diff.compare(left, right, {}, call);
    expect(seconds(await copy(first, "d"))).toEqual(seconds(wanted));
    // The same by mounting both sides, as for snapshots that are not one above the other.
    const odd = [
      {
        ...right[0]!,
        options: [...right[0]!.options, "userxattr"].filter((o) => o !== "userxattr").reverse(),
      },
    ];
    expect((await diff.compare(left, odd, {}, call)).digest).toBe(first.digest);
    const other = await snapshots.view({ ...ref, key: "w", parent: "" }, call);
    const whole = await diff.compare(
      other,
      right,
      { mediaType: "application/vnd.oci.image.layer.v1.tar" },
      call,
    );
    const empty = await snapshots.prepare({ ...ref, key: "e" }, call);
    await diff.apply(whole, empty, {}, call);
    expect(seconds(await mounts.with(empty, (root) => treeOf(inodes, root)))).toEqual(seconds(wanted));
    await overlay[Symbol.asyncDispose]();
  });
});

/** A content store that holds blobs in memory. */
function memoryContent() {
  const blobs = new Map<string, Uint8Array>();
  const labels = new Map<string, Readonly<Record<string, string>>>();
  const content = {
    async *read(digest: string) {
      yield* pieces(blobs.get(digest)!);
    },
    writer: async ({ ref }: { ref: string }) => {
      const chunks: Uint8Array[] = [];
      return {
        ref,
        status: async () => ({ offset: chunks.reduce((n, c) => n + c.length, 0) }),
        truncate: async () => void chunks.splice(0),
        write: async (chunk: Uint8Array) => void chunks.push(Uint8Array.from(chunk)),
        commit: async (request: { labels?: Readonly<Record<string, string>> }) => {
          const bytes = Buffer.concat(chunks);
          const digest = digestOf(bytes);
          blobs.set(digest, bytes);
          labels.set(digest, request.labels ?? {});
          return { digest, size: bytes.length };
        },
        [Symbol.asyncDispose]: async () => {},
      };
    },
  } as unknown as import("../../src/api/content.ts").Content;
  return {
    content,
    labels,
    put(bytes: Uint8Array) {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: bytes.length };
    },
  };
}
