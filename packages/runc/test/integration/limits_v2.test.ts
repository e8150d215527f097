import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OciRuntime } from "../../src/api/oci_runtime.ts";
import { detectCgroupLayout } from "../../src/cgroups/layout.ts";
import { RuncCli } from "../../src/client/runc_cli.ts";
import { compose } from "../../src/compose.ts";
import { linuxCgroupFs } from "../../src/host/cgroup_fs_linux.ts";
import { spawnKernel } from "../../src/host/spawn_kernel.ts";
import type { LinuxResources } from "../../src/oci.ts";
import { BUSYBOX, busyboxRootfs, testSpec, writeSpec } from "../../src/testing/bundle.ts";
import { missingProgram, missingRoot, titled } from "./requirements.ts";

const RUNC = "/usr/sbin/runc";
const unable = missingRoot() ?? missingProgram(BUSYBOX);
const onV2 = unable === undefined && detectCgroupLayout(linuxCgroupFs()).mode === "v2";
const reason = unable ?? (onV2 ? undefined : "needs cgroup v2 alone; see docs/VM.md");

const DENY_ALL = { allow: false, access: "rwm" };

describe.skipIf(reason !== undefined)(titled("limits of a container on cgroup v2", reason), () => {
  // The body of a skipped suite runs too.
  const directory = reason === undefined ? mkdtempSync(join(tmpdir(), "rt-limits-")) : "";
  const kernel = spawnKernel();
  const runtimes: Record<string, OciRuntime> = { ours: compose({ root: join(directory, "ours"), kernel }) };
  if (existsSync(RUNC)) {
    runtimes.runc = new RuncCli({ kernel, binary: RUNC, root: join(directory, "runc") });
  }
  let count = 0;

  beforeAll(() => {
    mkdirSync(join(directory, "rootfs"));
    busyboxRootfs(join(directory, "rootfs"));
  });
  afterAll(async () => {
    await kernel[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What `script` prints in a container with `resources`. */
  async function show(runtime: OciRuntime, resources: LinuxResources, script: string): Promise<string> {
    const id = `rt-limits-${process.pid}-${++count}`;
    const spec = testSpec(["sh", "-c", `exec 2>&1; ${script}`], (s) => {
      s.root = { path: join(directory, "rootfs"), readonly: false };
      s.linux!.resources = resources;
      s.linux!.namespaces = [...(s.linux!.namespaces ?? []), { type: "cgroup" }];
      for (const set of ["bounding", "effective", "permitted"] as const) {
        s.process!.capabilities![set] = [...(s.process!.capabilities![set] ?? []), "CAP_MKNOD", "CAP_SYSLOG"];
      }
    });
    const bundle = join(directory, id);
    writeSpec(bundle, spec);
    const out = join(directory, `${id}.out`);
    writeFileSync(out, "");
    await runtime.create({ id, bundle, io: { stdout: { kind: "file", path: out } } });
    try {
      await runtime.start({ id });
      await expect
        .poll(async () => (await runtime.state({ id })).status, { timeout: 20_000 })
        .toBe("stopped");
      return readFileSync(out, "utf8");
    } finally {
      await runtime.delete({ id, force: true });
      expect(existsSync(`/sys/fs/cgroup/${id}`)).toBe(false);
    }
  }

  for (const [name, runtime] of Object.entries(runtimes)) {
    it(`are in force and seen from inside: ${name}`, async () => {
      const resources = {
        devices: [DENY_ALL],
        memory: { limit: 32 << 20, swap: 48 << 20, reservation: 16 << 20 },
        pids: { limit: 17 },
        cpu: { quota: 30_000, period: 100_000 },
      };
      const text = await show(
        runtime,
        resources,
        "cat /proc/self/cgroup; cd /sys/fs/cgroup; head memory.max memory.swap.max memory.low pids.max cpu.max; touch cgroup.procs",
      );
      const lines = text.trim().split("\n");
      expect(lines[0]).toBe("0::/");
      expect(lines.filter((line) => /^\d/.test(line)).slice(1)).toEqual([
        ...[String(32 << 20), String(16 << 20), String(16 << 20), "17", "30000 100000"],
      ]);
      expect(text).toContain("Read-only file system");
    });

    it(`kill what takes more memory: ${name}`, async () => {
      const text = await show(
        runtime,
        { devices: [DENY_ALL], memory: { limit: 16 << 20, swap: 16 << 20 } },
        "dd if=/dev/zero of=/dev/null bs=64M count=1; echo status $?",
      );
      expect(text).toMatch(/status 137\n$/);
    });

    it(`refuse more processes: ${name}`, async () => {
      const text = await show(
        runtime,
        { devices: [DENY_ALL], pids: { limit: 3 } },
        "for i in 1 2 3 4 5; do sleep 1 & done; wait",
      );
      expect(text).toMatch(/can't fork|Resource temporarily unavailable/);
    });

    it(`refuse devices outside the rules, and give those within: ${name}`, async () => {
      const script =
        "mknod /kmsg c 1 11 && echo made; head -c 1 /kmsg; mknod /fuse c 10 229 && head -c 0 /fuse; echo status $?; " +
        "head -c 2 /dev/zero | wc -c; echo x >/dev/full; rm /kmsg /fuse";
      const closed = await show(runtime, { devices: [DENY_ALL] }, script);
      expect(closed.trim().split("\n")).toEqual([
        "made",
        "head: /kmsg: Operation not permitted",
        "head: /fuse: Operation not permitted",
        "status 1",
        "2",
        "sh: write error: No space left on device",
      ]);
      const kmsg = { allow: true, type: "c", major: 1, minor: 11, access: "r" } as const;
      const open = await show(
        runtime,
        { devices: [DENY_ALL, kmsg] },
        "mknod /kmsg c 1 11; dd if=/kmsg bs=9000 count=1 2>/dev/null | head -c 1; echo; echo x >/kmsg; rm /kmsg",
      );
      expect(open).toMatch(/^\d\nsh: can't create \/kmsg: Operation not permitted\n/);
    });
  }
});
