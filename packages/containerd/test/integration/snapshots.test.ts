import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContainerdClient } from "../../src/client/index.ts";
import { linuxInodes } from "../../src/host/inodes_linux.ts";
import { type Kernel, portKernel } from "../../src/kernel.ts";
import { TempMounts } from "../../src/mount/temp_mounts.ts";
import { localSnapshots } from "../../src/snapshots/local_snapshots.ts";
import { nativeLayout } from "../../src/snapshots/native.ts";
import { overlayLayout } from "../../src/snapshots/overlay.ts";
import { Snapshotter } from "../../src/snapshots/snapshotter.ts";
import { type SnapshotterUnderTest, snapshotterSuite } from "../../src/testing/snapshotter_suite.ts";
import { missing, startContainerd } from "./peers.ts";

const noRoot = missing();
const noPeer = missing("containerd", "ctr");
const call = { namespace: "rt-suite" };

let dir: string;
let kernel: Kernel;
let mounts: TempMounts;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "rt-snapshots-"));
  kernel = portKernel();
  if (noRoot === undefined) mounts = await TempMounts.open(kernel, join(dir, "mounts"));
});

afterAll(async () => {
  if (noRoot === undefined) expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(dir);
  await kernel[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const withMounts: SnapshotterUnderTest["withMounts"] = (list, work) => mounts.with(list, work);

for (const name of ["overlayfs", "native"]) {
  describe.skipIf(noRoot)(`${name} snapshotter${noRoot ? ` (skipped: ${noRoot})` : ""}`, () => {
    let snapshotter: Snapshotter;
    const open = (): Snapshotter => {
      const layout = name === "native" ? nativeLayout(linuxInodes(kernel)) : overlayLayout();
      return new Snapshotter(join(dir, name), layout);
    };
    beforeAll(() => {
      snapshotter = open();
    });
    afterAll(() => snapshotter[Symbol.asyncDispose]());

    for (const c of snapshotterSuite()) {
      it(c.name, () =>
        c.run({ snapshots: localSnapshots([snapshotter]), snapshotter: name, call, withMounts }),
      );
    }

    it("reopened, it knows its snapshots and drops directories that belong to none", async () => {
      const fresh = { namespace: "reopen" };
      await snapshotter.create("active", { key: "kept" }, fresh);
      await snapshotter[Symbol.asyncDispose]();
      const snapshots = join(dir, name, "snapshots");
      mkdirSync(join(snapshots, "999999"));
      mkdirSync(join(snapshots, "rm-7", "deep"), { recursive: true });
      snapshotter = open();
      expect(snapshotter.stat("kept", fresh).kind).toBe("active");
      await snapshotter.sweep();
      expect(readdirSync(snapshots)).not.toContain("999999");
      expect(readdirSync(snapshots)).not.toContain("rm-7");
    });

    it("a snapshot whose directory is lost is gone, with those above it", async () => {
      const fresh = { namespace: "lost" };
      const [mount] = await snapshotter.create("active", { key: "a" }, fresh);
      await snapshotter.commit("a", "base", {}, fresh);
      await snapshotter.create("active", { key: "child", parent: "base" }, fresh);
      await snapshotter[Symbol.asyncDispose]();
      const lost = name === "native" ? mount!.source : join(mount!.source, "..");
      rmSync(lost, { recursive: true });
      snapshotter = open();
      expect(snapshotter.list([], fresh)).toEqual([]);
      expect(existsSync(lost)).toBe(false);
    });
  });
}

describe.skipIf(noPeer)(`real containerd's overlayfs${noPeer ? ` (skipped: ${noPeer})` : ""}`, () => {
  let peer: Awaited<ReturnType<typeof startContainerd>>;
  let client: ContainerdClient;
  let lease: string;
  beforeAll(async () => {
    peer = await startContainerd();
    client = new ContainerdClient({ address: peer.address });
    lease = (await client.leases.create({}, call)).id;
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await peer[Symbol.asyncDispose]();
  });

  for (const c of snapshotterSuite()) {
    it(c.name, () =>
      c.run({ snapshots: client.snapshots, snapshotter: "overlayfs", call: { ...call, lease }, withMounts }),
    );
  }

  it("our mounts read as the real one's", async () => {
    const root = join(peer.dir, "root/io.containerd.snapshotter.v1.overlayfs");
    const ours = new Snapshotter(join(dir, "same"), overlayLayout());
    const list = localSnapshots([ours]);
    const both: string[] = [];
    for (const [snapshots, prefix] of [
      [client.snapshots, root],
      [list, join(dir, "same")],
    ] as const) {
      const same = { namespace: "same" };
      const shown: unknown[] = [];
      const ref = { snapshotter: "overlayfs" };
      const labels = { "containerd.io/gc.root": "1" };
      for (const [i, parent] of ["", "s0", "s1"].entries()) {
        shown.push(await snapshots.prepare({ ...ref, key: `a${i}`, parent, labels }, same));
        await snapshots.commit({ ...ref, key: `a${i}`, name: `s${i}`, labels }, same);
        shown.push(await snapshots.view({ ...ref, key: `v${i}`, parent: `s${i}`, labels }, same));
      }
      const text = JSON.stringify(shown).replaceAll(prefix, "ROOT");
      // Ids differ: they are numbered in the order in which they come.
      const ids: string[] = [];
      both.push(
        text.replace(/snapshots\/(\d+)/g, (_, id: string) => {
          if (!ids.includes(id)) ids.push(id);
          return `#${ids.indexOf(id)}`;
        }),
      );
    }
    expect(both[1]).toBe(both[0]);
    await ours[Symbol.asyncDispose]();
  });
});

it("peers leave nothing behind", () => {
  expect(
    spawnSync("sh", ["-c", `grep -c ${dir}/mounts /proc/self/mountinfo`])
      .stdout.toString()
      .trim(),
  ).toBe("0");
});
