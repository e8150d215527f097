import { describe, expect, it } from "vitest";
import { fakeCgroupFs } from "../../testing/fake_cgroup_fs.ts";
import { blkioToIoWeight, cpuSharesToWeight, pidsMax, swapToV2 } from "../convert.ts";
import { parseCgroupLayout } from "../layout.ts";
import { openCgroups } from "../manager.ts";
import { statsJson } from "../stats.ts";

const layout = parseCgroupLayout("1 2 0:3 / /cg rw - cgroup2 cgroup2 rw\n", "0::/\n");
const TEMPLATE = {
  "cgroup.type": "domain\n",
  "cgroup.controllers": "cpu io memory pids\n",
  "cgroup.subtree_control": "",
  "cgroup.procs": "",
  "cgroup.freeze": "0\n",
  "cgroup.events": "populated 0\nfrozen 0\n",
  "cgroup.kill": "",
  "memory.max": "max\n",
  "memory.low": "0\n",
  "memory.high": "max\n",
  "memory.current": "4096\n",
  "cpu.max": "max 100000\n",
  "cpu.weight": "100\n",
  "cpu.idle": "0\n",
  "pids.max": "max\n",
  "pids.current": "3\n",
  "io.weight": "default 100\n",
  "io.max": "",
};
const machine = () =>
  fakeCgroupFs(
    { "/cg/cgroup.controllers": "cpu io memory pids\n", "/cg/cgroup.subtree_control": "cpu\n" },
    TEMPLATE,
  );
const made = () => {
  const fs = machine();
  const cgroups = openCgroups(fs, layout, { id: "c1", cgroupsPath: "/a/c1" });
  cgroups.create({});
  const log = [...fs.log];
  fs.log.length = 0;
  return { fs, cgroups, log };
};

describe("create()", () => {
  it("enables what is missing on each level above, and nothing on its own", () => {
    const { log, cgroups } = made();
    expect(log).toEqual([
      "write /cg/cgroup.subtree_control +io +memory +pids",
      "mkdir /cg/a",
      "write /cg/a/cgroup.subtree_control +cpu +io +memory +pids",
      "mkdir /cg/a/c1",
    ]);
    expect(cgroups.join()).toEqual({
      tasks: [],
      unified: { dir: "/cg/a/c1", procs: "/cg/a/c1/cgroup.procs" },
    });
  });

  it("tries controllers one by one when the kernel refuses them together", () => {
    const fs = machine();
    fs.failWrite("/cg/cgroup.subtree_control", "EINVAL", 1);
    openCgroups(fs, layout, { id: "c1", cgroupsPath: "/c1" }).create({});
    expect(fs.log.filter((l) => l.startsWith("write"))).toEqual([
      "write /cg/cgroup.subtree_control +io",
      "write /cg/cgroup.subtree_control +memory",
      "write /cg/cgroup.subtree_control +pids",
    ]);
  });

  it("refuses a threaded parent when limits need a domain, and leaves nothing behind", () => {
    const fs = fakeCgroupFs(
      { "/cg/cgroup.controllers": "memory\n", "/cg/cgroup.subtree_control": "" },
      { ...TEMPLATE, "cgroup.type": "domain invalid\n" },
    );
    const cgroups = openCgroups(fs, layout, { id: "c1", cgroupsPath: "/a/c1" });
    expect(() => cgroups.create({ memory: { limit: 1 } })).toThrow(
      'cannot enter cgroupv2 "/cg/a" with domain controllers -- it is in an invalid state',
    );
    expect(fs.list("/cg")).toEqual([]);
    cgroups.create({});
    expect(fs.read("/cg/a/c1/cgroup.type")).toBe("threaded");
  });
});

describe("set()", () => {
  it("converts v1's units", () => {
    const { fs, cgroups } = made();
    cgroups.set({
      memory: { limit: 1000, reservation: 500, swap: 1000 },
      cpu: { shares: 1024, quota: 5000 },
      pids: { limit: -1 },
      blockIO: { weight: 1000, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 9 }] },
    });
    expect(fs.log).toEqual([
      "write /cg/a/c1/pids.max max",
      "write /cg/a/c1/memory.max 1000",
      "write /cg/a/c1/memory.low 500",
      "write /cg/a/c1/io.weight 10000",
      "write /cg/a/c1/io.max 8:0 rbps=9",
      "write /cg/a/c1/cpu.weight 100",
      "write /cg/a/c1/cpu.max 5000 100000",
    ]);
  });

  it("does not swallow a swap limit where there is no swap accounting", () => {
    expect(() => made().cgroups.set({ memory: { limit: 1000, swap: 3000 } })).toThrow(
      "cannot set swap limit 2000: write /cg/a/c1/memory.swap.max: ENOENT",
    );
  });

  it("refuses limits below the current use when asked to look", () => {
    const { cgroups, fs } = made();
    expect(() => cgroups.set({ memory: { limit: 4096, checkBeforeUpdate: true } })).toThrow(
      "rejecting memory limit 4096 <= usage 4096",
    );
    expect(fs.log).toEqual([]);
  });

  it("writes unified values line by line and explains what is missing", () => {
    const { fs, cgroups } = made();
    cgroups.set({ unified: { "io.max": "8:0 rbps=1\n8:16 rbps=2", "memory.high": "5" } });
    expect(fs.log).toEqual([
      "write /cg/a/c1/io.max 8:0 rbps=1",
      "write /cg/a/c1/io.max 8:16 rbps=2",
      "write /cg/a/c1/memory.high 5",
    ]);
    const set = (file: string) => () => cgroups.set({ unified: { [file]: "1" } });
    expect(set("../x")).toThrow("must be a file name (no slashes)");
    expect(set("plain")).toThrow("must be in the form CONTROLLER.PARAMETER");
    expect(set("hugetlb.2MB.max")).toThrow(`can't be set: controller "hugetlb" not available`);
    expect(set("memory.nope")).toThrow('cannot set unified resource "memory.nope" 1');
  });
});

describe("freeze(), killAll() and stats()", () => {
  it("waits for frozen 1, and thaws when it does not come", async () => {
    const { fs, cgroups } = made();
    fs.onWrite("/cg/a/c1/cgroup.freeze", (v) => fs.put("/cg/a/c1/cgroup.events", `frozen ${v}\n`));
    await cgroups.freeze();
    expect(cgroups.freezerState()).toBe("frozen");
    cgroups.thaw();
    fs.onWrite("/cg/a/c1/cgroup.freeze", () => {});
    await expect(cgroups.freeze({ timeoutMs: 3 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(cgroups.freezerState()).toBe("thawed");
  });

  it("kills by cgroup.kill", async () => {
    const { fs, cgroups } = made();
    await cgroups.killAll(() => {
      throw new Error("not one by one");
    });
    expect(fs.log).toEqual(["write /cg/a/c1/cgroup.kill 1"]);
  });

  it("prints counters as runc does: exact, zeros left out where runc leaves them out", () => {
    const { fs, cgroups } = made();
    fs.put("/cg/a/c1/memory.stat", "anon 1\nfile 2\n");
    fs.put("/cg/a/c1/cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
    fs.put("/cg/a/c1/io.stat", "8:0 rbytes=10 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n");
    fs.put(
      "/cg/a/c1/cpu.pressure",
      "some avg10=1.50 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    );
    const text = statsJson(cgroups.stats());
    expect(text).toContain('"usage":{"total":5000,"kernel":2000,"user":3000}');
    expect(text).toContain('"psi":{"some":{"avg10":1.5,"avg60":0,"avg300":0,"total":7},"full"');
    expect(text).toContain('"usage":{"limit":18446744073709551615,"usage":4096,"failcnt":0}');
    expect(text).toContain('"raw":{"anon":1,"file":2}');
    expect(text).toContain('"pids":{"current":3}');
    expect(text).toContain(
      '"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":10},{"major":8,"op":"Write"}]',
    );
    expect(JSON.parse(text)).toMatchObject({ hugetlb: {}, intel_rdt: {}, network_interfaces: null });
  });
});

describe("conversions", () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 1],
    [1024, 100],
    [2048, 174],
    [262144, 10000],
    [999999, 10000],
  ])("cpuSharesToWeight(%i) is %i", (shares, weight) => {
    expect(cpuSharesToWeight(shares)).toBe(weight);
  });

  it("blkioToIoWeight(), swapToV2() and pidsMax() hold at their edges", () => {
    expect([0, 10, 500, 1000].map(blkioToIoWeight)).toEqual([0, 1, 4950, 10000]);
    expect(swapToV2(0, -1)).toBe(-1);
    expect(swapToV2(-1, 5)).toBe(-1);
    expect(swapToV2(7, -1)).toBe(7);
    expect(swapToV2(7, 5)).toBe(2);
    expect(() => swapToV2(7, 0)).toThrow("unable to set swap limit without memory limit");
    expect(() => swapToV2(7, -2)).toThrow("invalid memory value: -2");
    expect(() => swapToV2(4, 5)).toThrow("memory+swap limit should be >= memory limit");
    expect([-1, 0, 5].map(pidsMax)).toEqual(["max", "1", "5"]);
  });
});
