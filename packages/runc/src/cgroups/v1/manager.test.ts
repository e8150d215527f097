import { describe, expect, it } from "vitest";
import { fakeCgroupFs } from "../../testing/fake_cgroup_fs.ts";
import { parseCgroupLayout } from "../layout.ts";
import { loadCgroups, openCgroups } from "../manager.ts";

const MOUNTINFO = ["cpuset", "devices", "memory", "cpu", "freezer", "pids"]
  .map((c, i) => `${i} 1 0:${i} / /cg/${c} rw - cgroup cgroup rw,${c}`)
  .join("\n");
const layout = parseCgroupLayout(MOUNTINFO, "");

const TEMPLATE = {
  "cgroup.procs": "",
  "cpuset.cpus": "\n",
  "cpuset.mems": "\n",
  "devices.list": "c 1:3 rwm\n",
  "devices.allow": "",
  "devices.deny": "",
  "memory.limit_in_bytes": "9223372036854771712\n",
  "memory.memsw.limit_in_bytes": "9223372036854771712\n",
  "memory.usage_in_bytes": "8192\n",
  "memory.max_usage_in_bytes": "16384\n",
  "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
  "cpu.shares": "1024\n",
  "cpu.cfs_period_us": "100000\n",
  "cpu.cfs_quota_us": "-1\n",
  "freezer.state": "THAWED\n",
  "pids.max": "max\n",
};
const machine = () =>
  fakeCgroupFs(
    {
      "/cg/cpuset/cpuset.cpus": "0-1\n",
      "/cg/cpuset/cpuset.mems": "0\n",
      ...Object.fromEntries(
        ["devices", "memory", "cpu", "freezer", "pids"].map((c) => [`/cg/${c}/tasks`, ""]),
      ),
    },
    TEMPLATE,
  );
const open = (fs = machine()) => ({
  fs,
  cgroups: openCgroups(fs, layout, { id: "c1", cgroupsPath: "/a/c1" }),
});

describe("create()", () => {
  it("makes one directory per hierarchy, and cpusets inherit level by level", () => {
    const { fs, cgroups } = open();
    cgroups.create({});
    expect(fs.log.slice(0, 6)).toEqual([
      "mkdir /cg/cpuset/a",
      "write /cg/cpuset/a/cpuset.cpus 0-1",
      "write /cg/cpuset/a/cpuset.mems 0",
      "mkdir /cg/cpuset/a/c1",
      "write /cg/cpuset/a/c1/cpuset.cpus 0-1",
      "write /cg/cpuset/a/c1/cpuset.mems 0",
    ]);
    expect(fs.log.filter((l) => l.startsWith("mkdir"))).toHaveLength(12);
    expect(cgroups.exists()).toBe(true);
    expect(cgroups.join().tasks).toContain("/cg/memory/a/c1/tasks");
    expect(cgroups.join("sub").tasks).toContain("/cg/memory/a/c1/sub/tasks");
    expect(cgroups.join().unified).toBeUndefined();
  });

  it("takes the container's own cpuset before it inherits the rest", () => {
    const { fs, cgroups } = open();
    cgroups.create({ cpu: { cpus: "1" } });
    expect(fs.read("/cg/cpuset/a/c1/cpuset.cpus")).toBe("1");
    expect(fs.read("/cg/cpuset/a/cpuset.cpus")).toBe("0-1");
    expect(fs.read("/cg/cpuset/a/c1/cpuset.mems")).toBe("0");
  });

  it("leaves nothing behind when it fails", () => {
    const { fs, cgroups } = open();
    expect(() => cgroups.create({ cpu: { realtimeRuntime: 5 } })).toThrow(
      "cannot set cpu real-time runtime 5: write /cg/cpu/a/c1/cpu.rt_runtime_us: ENOENT",
    );
    expect(fs.list("/cg/memory")).toEqual([]);
    expect(fs.list("/cg/cpuset")).toEqual([]);
  });
});

describe("set()", () => {
  const made = () => {
    const both = open();
    both.cgroups.create({});
    both.fs.log.length = 0;
    return both;
  };

  it("writes what is asked and nothing else", () => {
    const { fs, cgroups } = made();
    cgroups.set({ cpu: { quota: 5000, period: 10000 }, pids: { limit: 7 } });
    expect(fs.log).toEqual([
      "write /cg/cpu/a/c1/cpu.cfs_period_us 10000",
      "write /cg/cpu/a/c1/cpu.cfs_quota_us 5000",
      "write /cg/pids/a/c1/pids.max 7",
    ]);
    fs.log.length = 0;
    cgroups.set({ devices: [{ allow: true, type: "c", major: 1, minor: 3, access: "rwm" }] });
    expect(fs.log).toEqual([]);
  });

  it("orders memory and swap so that the kernel takes both", () => {
    const { fs, cgroups } = made();
    cgroups.set({ memory: { limit: 100, swap: 200 } });
    const memory = "/cg/memory/a/c1/memory";
    expect(fs.log).toEqual([
      `write ${memory}.limit_in_bytes 100`,
      `write ${memory}.memsw.limit_in_bytes 200`,
    ]);
    fs.log.length = 0;
    cgroups.set({ memory: { limit: 300, swap: 400 } });
    expect(fs.log).toEqual([
      `write ${memory}.memsw.limit_in_bytes 400`,
      `write ${memory}.limit_in_bytes 300`,
    ]);
    fs.log.length = 0;
    cgroups.set({ memory: { limit: -1 } });
    expect(fs.log).toEqual([`write ${memory}.memsw.limit_in_bytes -1`, `write ${memory}.limit_in_bytes -1`]);
  });

  it("names file and value in errors, and current use when memory is too low", () => {
    const { fs, cgroups } = made();
    fs.failWrite("/cg/memory/a/c1/memory.limit_in_bytes", "EBUSY");
    expect(() => cgroups.set({ memory: { limit: 4096 } })).toThrow(
      "cannot set memory limit 4096: write /cg/memory/a/c1/memory.limit_in_bytes: EBUSY (unable to set memory limit to " +
        "4096 (current usage: 8192, peak usage: 16384))",
    );
    fs.failWrite("/cg/pids/a/c1/pids.max", "EINVAL");
    expect(() => cgroups.set({ pids: { limit: 3 } })).toThrow(
      "cannot set pids limit 3: write /cg/pids/a/c1/pids.max: EINVAL",
    );
  });

  it("retries a period that only fits the new quota", () => {
    const { fs, cgroups } = made();
    fs.failWrite("/cg/cpu/a/c1/cpu.cfs_period_us", "EINVAL", 1);
    cgroups.set({ cpu: { quota: 500, period: 1000 } });
    expect(fs.log.map((l) => l.split(".").at(-1))).toEqual(["cfs_quota_us 500", "cfs_period_us 1000"]);
  });

  it("reads shares back, as the kernel clamps them silently", () => {
    const { fs, cgroups } = made();
    fs.onWrite("/cg/cpu/a/c1/cpu.shares", () => fs.put("/cg/cpu/a/c1/cpu.shares", "2\n"));
    expect(() => cgroups.set({ cpu: { shares: 1 } })).toThrow("the minimum allowed cpu-shares is 2");
  });

  it.each([
    [{ unified: { "memory.max": "1" } }, "cannot use unified"],
    [{ hugepageLimits: [{ pageSize: "2MB", limit: 1 }] }, "cgroup controller hugetlb is not mounted"],
    [{ memory: { swappiness: 101 } }, "invalid memory swappiness value: 101 (valid range is 0-100)"],
  ])("rejects %j", (resources, text) => {
    expect(() => made().cgroups.set(resources)).toThrow(text);
  });
});

describe("freeze()", () => {
  it("tries until the kernel says FROZEN, and thaws when it never does", async () => {
    const { fs, cgroups } = open();
    cgroups.create({});
    const state = "/cg/freezer/a/c1/freezer.state";
    let left = 3;
    fs.onWrite(state, (v) => fs.put(state, v === "FROZEN" && left-- > 0 ? "FREEZING\n" : `${v}\n`));
    await cgroups.freeze();
    expect(cgroups.freezerState()).toBe("frozen");
    cgroups.thaw();
    expect(cgroups.freezerState()).toBe("thawed");
    left = Number.POSITIVE_INFINITY;
    await expect(cgroups.freeze({ timeoutMs: 5 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(fs.read(state).trim()).toBe("THAWED");
  });
});

describe("killAll()", () => {
  it("freezes, kills every process below, and thaws", async () => {
    const { fs, cgroups } = open();
    cgroups.create({});
    fs.mkdir("/cg/devices/a/c1/sub");
    fs.put("/cg/devices/a/c1/cgroup.procs", "10\n11\n");
    fs.put("/cg/devices/a/c1/sub/cgroup.procs", "12\n0\n");
    const killed: string[] = [];
    await cgroups.killAll((pid, signal) => {
      killed.push(`${pid}:${signal} ${fs.read("/cg/freezer/a/c1/freezer.state")}`);
      if (pid === 11) throw Object.assign(new Error("gone"), { code: "ESRCH" });
    });
    expect(killed).toEqual(["10:9 FROZEN", "11:9 FROZEN", "12:9 FROZEN"]);
    expect(cgroups.freezerState()).toBe("thawed");
  });
});

describe("destroy()", () => {
  it("removes children first, waits for leaving processes, and is happy with nothing there", async () => {
    const { fs, cgroups } = open();
    cgroups.create({});
    fs.mkdir("/cg/memory/a/c1/sub");
    fs.failRmdir("/cg/pids/a/c1", "EBUSY", 2);
    await cgroups.destroy();
    expect(fs.exists("/cg/memory/a/c1")).toBe(false);
    expect(fs.exists("/cg/pids/a/c1")).toBe(false);
    expect(fs.exists("/cg/memory/a")).toBe(true);
    await cgroups.destroy();
  });

  it("says which cgroup is still in use", async () => {
    const { fs, cgroups } = open();
    cgroups.create({});
    fs.failRmdir("/cg/pids/a/c1", "EBUSY");
    await expect(cgroups.destroy({ timeoutMs: 5 })).rejects.toThrow(
      "cannot remove cgroup: rmdir /cg/pids/a/c1: EBUSY",
    );
  });
});

describe("loadCgroups()", () => {
  it("works from the directories of a state file", () => {
    const { fs, cgroups } = open();
    cgroups.create({});
    expect(loadCgroups(fs, layout, cgroups.paths).oomKills()).toBe(2n);
  });
});
