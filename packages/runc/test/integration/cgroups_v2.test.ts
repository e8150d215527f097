import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { detectCgroupLayout } from "../../src/cgroups/layout.ts";
import { type CgroupManager, loadCgroups, openCgroups } from "../../src/cgroups/manager.ts";
import { statsJson } from "../../src/cgroups/stats.ts";
import { linuxCgroupFs } from "../../src/host/cgroup_fs_linux.ts";
import { run } from "../../src/host/run.ts";
import { spawnKernel } from "../../src/host/spawn_kernel.ts";
import { emitDeviceFilter } from "../../src/init/device_filter.ts";
import { ProgramBuilder } from "../../src/launch/program.ts";
import type { LinuxDeviceCgroup } from "../../src/oci.ts";
import { containerResources } from "../../src/specconv/resources.ts";
import { missingRoot, titled } from "./requirements.ts";

const fs = linuxCgroupFs();
const rootless = missingRoot();
const layout = rootless === undefined ? detectCgroupLayout(fs) : undefined;
const reason = rootless ?? (layout?.mode === "v2" ? undefined : "needs cgroup v2 alone; see docs/VM.md");

const opened: CgroupManager[] = [];
const children: ChildProcess[] = [];

function open(name: string): CgroupManager {
  const cgroups = openCgroups(fs, layout!, { id: name, cgroupsPath: `/rt-test-${process.pid}-${name}` });
  opened.push(cgroups);
  cgroups.create({});
  return cgroups;
}

const dirOf = (cgroups: CgroupManager): string => cgroups.paths[""]!;
const read = (cgroups: CgroupManager, file: string): string =>
  readFileSync(`${dirOf(cgroups)}/${file}`, "utf8").trim();

/** What each child has printed. */
const texts = new WeakMap<ChildProcess, string>();

/** A shell that joins and then runs `command`; resolves when it has joined. */
async function inside(cgroups: CgroupManager, command = "exec sleep 60"): Promise<ChildProcess> {
  const child = spawn("/bin/sh", ["-c", `echo 0 > ${cgroups.join().unified?.procs}; echo in; ${command}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await new Promise<void>((resolve) =>
    child.stdout?.on("data", (chunk) => {
      texts.set(child, (texts.get(child) ?? "") + chunk);
      resolve();
    }),
  );
  return child;
}

const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.signalCode ?? child.exitCode)
    : new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));

/** What `command` prints when it runs in the cgroup. */
async function output(cgroups: CgroupManager, command: string): Promise<string> {
  const child = await inside(cgroups, command);
  await new Promise((resolve) => child.once("close", resolve));
  return (texts.get(child) ?? "").replace(/^in\n/, "");
}

afterAll(async () => {
  for (const cgroups of opened) {
    if (cgroups.exists()) await cgroups.killAll();
    await cgroups.destroy();
    expect(existsSync(dirOf(cgroups)), dirOf(cgroups)).toBe(false);
  }
});

describe.skipIf(reason !== undefined)(titled("cgroup v2", reason), () => {
  it("hands every controller down to a new cgroup, through levels that were not there", () => {
    const cgroups = openCgroups(fs, layout!, { id: "deep", cgroupsPath: `/rt-test-${process.pid}-a/b/c` });
    opened.push(
      cgroups,
      loadCgroups(fs, layout!, { "": `${layout!.unified!.mountpoint}/rt-test-${process.pid}-a` }),
    );
    cgroups.create({});
    const all = readFileSync(`${layout!.unified!.mountpoint}/cgroup.controllers`, "utf8").trim().split(" ");
    expect(read(cgroups, "cgroup.controllers").split(" ").sort()).toEqual(all.sort());
    cgroups.create({});
    expect(cgroups.version).toBe(2);
  });

  it("takes a process in from its first instruction, by CLONE_INTO_CGROUP", async () => {
    await using kernel = spawnKernel();
    const cgroups = open("clone");
    const p = new ProgramBuilder();
    const [intoCgroup, sigchld, argsSize] = [0x2_0000_0000n, 17, 88];
    const dir = p.sys("openat", [-100, p.cstring(cgroups.join().unified!.dir), 0, 0]);
    const args = p.struct(argsSize).u64(0, intoCgroup).u64(32, sigchld);
    p.store("u64", args.data, 80, dir);
    const parent = p.label();
    const pid = p.sys("clone3", [args.data, argsSize], { name: "clone into cgroup" });
    p.branch("ne", pid, 0, parent);
    const own = p.sys("openat", [-100, p.cstring("/proc/self/cgroup"), 0, 0]);
    const text = p.bss(4096);
    p.data(1, text, p.sys("read", [own, text, 4096]));
    p.exit(0);
    p.place(parent);
    p.sys("wait4", [pid, 0, 0, 0]);
    p.exit(0);
    const { data, code } = await run(kernel, p.build());
    expect(code).toBe(0);
    expect(new TextDecoder().decode(data.get(1))).toBe(`0::/rt-test-${process.pid}-clone\n`);
  });

  it("sets each limit", () => {
    const cgroups = open("limits");
    cgroups.set({
      memory: { limit: 64 << 20, swap: 96 << 20, reservation: 32 << 20 },
      pids: { limit: 20 },
      cpu: { shares: 512, quota: 50_000, period: 100_000, burst: 10_000, cpus: "0", mems: "0" },
      hugepageLimits: [{ pageSize: "2MB", limit: 4 << 20 }],
      unified: { "memory.high": "50331648" },
    });
    const seen = Object.fromEntries(
      [
        ...[
          "memory.max",
          "memory.swap.max",
          "memory.low",
          "memory.high",
          "pids.max",
          "cpu.weight",
          "cpu.max",
        ],
        ...["cpu.max.burst", "cpuset.cpus", "cpuset.mems", "cpuset.cpus.effective", "hugetlb.2MB.max"],
      ].map((file) => [file, read(cgroups, file)]),
    );
    expect(seen).toEqual({
      "memory.max": String(64 << 20),
      "memory.swap.max": String(32 << 20),
      "memory.low": String(32 << 20),
      "memory.high": String(48 << 20),
      "pids.max": "20",
      "cpu.weight": "59",
      "cpu.max": "50000 100000",
      "cpu.max.burst": "10000",
      "cpuset.cpus": "0",
      "cpuset.mems": "0",
      "cpuset.cpus.effective": "0",
      "hugetlb.2MB.max": String(4 << 20),
    });
    cgroups.set({
      memory: { limit: -1, swap: -1 },
      pids: { limit: -1 },
      cpu: { quota: -1, period: 100_000 },
    });
    expect(read(cgroups, "memory.max")).toBe("max");
    expect(read(cgroups, "memory.swap.max")).toBe("max");
    expect(read(cgroups, "pids.max")).toBe("max");
    expect(read(cgroups, "cpu.max")).toBe("max 100000");
    cgroups.set({ cpu: { idle: 1 } });
    expect(read(cgroups, "cpu.idle")).toBe("1");
  });

  it("names file, value and reason when a limit is impossible", () => {
    const cgroups = open("impossible");
    expect(() => cgroups.set({ cpu: { cpus: "999" } })).toThrow(
      /^cannot set cpuset cpus 999: write \S+\/cpuset\.cpus: (EINVAL|ERANGE)/,
    );
    expect(() => cgroups.set({ unified: { "nosuch.max": "1" } })).toThrow(
      `unified resource "nosuch.max" can't be set: controller "nosuch" not available`,
    );
  });

  it("limits block devices and counts what they did", async () => {
    const cgroups = open("io");
    const { device, remove } = loopDevice();
    try {
      const [major, minor] = device.number as [number, number];
      cgroups.set({
        blockIO: {
          weight: 500,
          throttleReadBpsDevice: [{ major, minor, rate: 64 << 20 }],
          throttleWriteIOPSDevice: [{ major, minor, rate: 1000 }],
        },
      });
      expect(read(cgroups, "io.max")).toBe(
        `${major}:${minor} rbps=${64 << 20} wbps=max riops=max wiops=1000`,
      );
      const weights = ["io.bfq.weight", "io.weight"].filter((f) => existsSync(`${dirOf(cgroups)}/${f}`));
      expect(weights).not.toEqual([]);
      expect(read(cgroups, weights[0]!)).toMatch(weights[0] === "io.weight" ? /^default 4950$/ : /500/);
      await output(cgroups, `dd if=${device.path} of=/dev/null bs=1M count=2 iflag=direct 2>/dev/null`);
      const bytes = cgroups.stats().blkio.ioServiceBytesRecursive;
      expect(bytes).toContainEqual({
        major: BigInt(major),
        minor: BigInt(minor),
        op: "Read",
        value: 2n << 20n,
      });
    } finally {
      remove();
    }
  });

  it("counts processes, memory, processor time and pressure", async () => {
    const cgroups = open("stats");
    cgroups.set({
      memory: { limit: 64 << 20 },
      pids: { limit: 20 },
      cpu: { quota: 20_000, period: 100_000 },
    });
    const child = await inside(cgroups, `x=$(head -c 4000000 /dev/zero | tr "\\0" x); while :; do :; done`);
    await expect
      .poll(() => cgroups.stats().cpu.throttling.throttledPeriods, { timeout: 20_000 })
      .toBeGreaterThan(2n);
    await expect.poll(() => cgroups.pids(), { timeout: 20_000 }).toEqual([child.pid]);
    const stats = cgroups.stats();
    expect(stats.pids).toEqual({ current: 1n, limit: 20n });
    expect(stats.memory.usage.limit).toBe(BigInt(64 << 20));
    expect(stats.memory.usage.usage).toBeGreaterThan(0n);
    await expect.poll(() => cgroups.stats().memory.raw.anon, { timeout: 10_000 }).toBeGreaterThan(0n);
    expect(stats.cpu.usage.total).toBeGreaterThan(10_000_000n);
    expect(stats.cpu.usage.user).toBeGreaterThan(0n);
    expect(stats.cpu.throttling.throttledTime).toBeGreaterThan(0n);
    for (const psi of [stats.cpu.psi, stats.memory.psi, stats.blkio.psi])
      expect(psi?.some.total).toBeTypeOf("bigint");
    expect(stats.cpu.psi!.some.total).toBeGreaterThan(0n);
    expect(JSON.parse(statsJson(stats)).cpu.psi.some.total).toBeGreaterThan(0);
    await cgroups.killAll();
    expect(await ended(child)).toBe("SIGKILL");
  });

  it("kills what takes more memory than the limit, and tells", async () => {
    const cgroups = open("oom");
    cgroups.set({ memory: { limit: 16 << 20, swap: 16 << 20 } });
    expect(cgroups.oomKills()).toBe(0n);
    const child = await inside(cgroups, "exec tail /dev/zero");
    expect(await ended(child)).toBe("SIGKILL");
    expect(cgroups.oomKills()).toBe(1n);
  });

  it("refuses a limit below what is in use, when asked to look", async () => {
    const cgroups = open("usage");
    await inside(cgroups);
    expect(() => cgroups.set({ memory: { limit: 4096, checkBeforeUpdate: true } })).toThrow(
      /^rejecting memory limit 4096 <= usage \d+$/,
    );
  });

  it("lets no more processes start than the limit", async () => {
    const cgroups = open("pids");
    cgroups.set({ pids: { limit: 2 } });
    const text = await output(cgroups, "(sleep 0.1 & sleep 0.1 & sleep 0.1) 2>&1; exit 0");
    expect(text).toMatch(/fork|Resource temporarily unavailable/i);
    expect(Number(/max (\d+)/.exec(read(cgroups, "pids.events"))?.[1])).toBeGreaterThan(0);
  });

  it("freezes, thaws, and kills what is frozen", async () => {
    const cgroups = open("freezer");
    const child = await inside(cgroups, "while :; do :; done");
    await cgroups.freeze();
    expect(cgroups.freezerState()).toBe("frozen");
    const ticks = (): string =>
      readFileSync(`/proc/${child.pid}/stat`, "utf8").split(" ").slice(13, 15).join();
    const before = ticks();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ticks()).toBe(before);
    cgroups.thaw();
    expect(cgroups.freezerState()).toBe("thawed");
    await expect.poll(ticks).not.toBe(before);
    await cgroups.freeze();
    await cgroups.killAll();
    expect(await ended(child)).toBe("SIGKILL");
  });

  it("kills everything at once, in the cgroups below too", async () => {
    const cgroups = open("kill");
    const sub = `${dirOf(cgroups)}/below`;
    mkdirSync(sub);
    const many = await Promise.all([1, 2, 3].map(() => inside(cgroups, "sleep 60 & sleep 60 & wait")));
    await expect.poll(() => cgroups.allPids().length).toBe(9);
    writeFileSync(`${sub}/cgroup.procs`, String(many[0]!.pid));
    expect(cgroups.allPids().length).toBe(9);
    expect(cgroups.allPids()).toContain(many[0]!.pid);
    expect(cgroups.pids()).not.toContain(many[0]!.pid);
    await cgroups.killAll();
    expect(await Promise.all(many.map(ended))).toEqual(["SIGKILL", "SIGKILL", "SIGKILL"]);
    await expect.poll(() => cgroups.allPids()).toEqual([]);
  });

  it("joins a cgroup below the container's, and none beside it", async () => {
    const cgroups = open("sub");
    mkdirSync(`${dirOf(cgroups)}/inner`);
    const join = cgroups.join("inner");
    expect(join.unified?.dir).toBe(`${dirOf(cgroups)}/inner`);
    expect(() => cgroups.join("../other")).toThrow();
  });

  it("refuses devices outside the rules", async () => {
    await using kernel = spawnKernel();
    const cgroups = open("devices");
    const attach = async (devices: readonly LinuxDeviceCgroup[]): Promise<void> => {
      const p = new ProgramBuilder();
      emitDeviceFilter(p, dirOf(cgroups), devices);
      await run(kernel, p.build());
    };
    const probe =
      "for d in zero null full kmsg; do head -c0 /dev/$d 2>/dev/null && echo $d; done; (echo -n >/dev/kmsg) 2>/dev/null && echo kmsg-w; " +
      "mknod /tmp/rt-node c 1 11 2>/dev/null && echo made && rm /tmp/rt-node";
    expect((await output(cgroups, probe)).trim().split("\n")).toEqual([
      ...["zero", "null", "full", "kmsg", "kmsg-w", "made"],
    ]);
    const deny = { allow: false, access: "rwm" };
    await attach(
      containerResources({ ociVersion: "1.2.0", linux: { resources: { devices: [deny] } } }).devices!,
    );
    expect((await output(cgroups, probe)).trim().split("\n")).toEqual(["zero", "null", "full", "made"]);
    await attach([
      deny,
      { allow: true, type: "c", major: 1, minor: 3, access: "rw" },
      { allow: true, type: "c", major: 1, minor: 5, access: "r" },
    ]);
    expect((await output(cgroups, probe)).trim().split("\n")).toEqual(["zero", "null"]);
  });

  it("says why a device filter cannot be attached", async () => {
    await using kernel = spawnKernel();
    const p = new ProgramBuilder();
    emitDeviceFilter(p, "/tmp", [{ allow: false, access: "rwm" }]);
    await expect(run(kernel, p.build())).rejects.toThrow(/attach device filter/);
  });

  it("needs a domain for limits of a domain", () => {
    const cgroups = open("threaded");
    writeFileSync(`${dirOf(cgroups)}/cgroup.type`, "threaded");
    const paths = { "": `${dirOf(cgroups)}/inner` };
    expect(() => loadCgroups(fs, layout!, paths).create({ memory: { limit: 1 << 20 } })).toThrow(
      /cannot enter cgroupv2 "\S+" with domain controllers -- it is in threaded mode/,
    );
    expect(existsSync(paths[""])).toBe(false);
  });

  it("kills the threads of a cgroup that only has threads", async () => {
    const parent = open("threads");
    const inner = loadCgroups(fs, layout!, { "": `${dirOf(parent)}/inner` });
    mkdirSync(dirOf(inner));
    writeFileSync(`${dirOf(inner)}/cgroup.type`, "threaded");
    const child = await inside(parent);
    writeFileSync(`${dirOf(inner)}/cgroup.threads`, String(child.pid));
    expect(inner.pids()).toEqual([child.pid]);
    expect(inner.stats().pids.current).toBe(1n);
    await inner.killAll();
    expect(await ended(child)).toBe("SIGKILL");
  });

  it("are removed with what a container made inside, not while a process is in them", async () => {
    const cgroups = open("remove");
    mkdirSync(`${dirOf(cgroups)}/a`);
    mkdirSync(`${dirOf(cgroups)}/a/b`);
    const child = await inside(cgroups);
    await expect(cgroups.destroy({ timeoutMs: 20 })).rejects.toThrow(
      /cannot remove cgroup: rmdir \S+: EBUSY/,
    );
    await cgroups.killAll();
    await ended(child);
    await cgroups.destroy();
    expect(cgroups.exists()).toBe(false);
    await cgroups.destroy();
  });
});

/** A block device of 4 MiB, with the way to remove it. */
function loopDevice(): {
  device: { path: string; number: readonly number[] };
  remove: () => void;
} {
  const dir = mkdtempSync("/tmp/rt-loop-");
  writeFileSync(`${dir}/image`, Buffer.alloc(4 << 20));
  const shell = (command: string): string =>
    execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" }).trim();
  shell("modprobe loop 2>/dev/null || true");
  const path = shell("losetup -f");
  shell(`losetup ${path} ${dir}/image`);
  const number = readFileSync(`/sys/block/${path.slice(5)}/dev`, "utf8")
    .trim()
    .split(":")
    .map(Number);
  return {
    device: { path, number },
    remove: () => {
      shell(`losetup -d ${path}`);
      rmSync(dir, { recursive: true });
    },
  };
}
