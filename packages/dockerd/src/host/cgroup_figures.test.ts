import { expect, test } from "vitest";
import { parseCgroups, parseFlat, parseNetDev, parseSystemCpu, readCgroupFigures } from "./cgroup_figures.ts";

test("parseCgroups() reads both hierarchies", () => {
  const paths = parseCgroups("4:cpu,cpuacct:/docker/x\n1:name=systemd:/y\n0::/z\n");
  expect([paths.get("cpuacct"), paths.get("name=systemd"), paths.get("")]).toEqual(["/docker/x", "/y", "/z"]);
});

test("parseFlat() reads names and numbers", () => {
  expect(parseFlat("cache 1\nrss 22\n\n")).toEqual({ cache: 1, rss: 22 });
});

test("parseSystemCpu() sums the ticks of all CPUs", () => {
  expect(parseSystemCpu("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\ncpu1 1\nintr 9\n")).toEqual({
    system_cpu_usage: 36e7,
    online_cpus: 2,
  });
});

test("parseNetDev() leaves lo out", () => {
  const text =
    "Inter-| x\n face |y\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 10 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\n";
  expect(parseNetDev(text)).toEqual({
    eth0: {
      rx_bytes: 10,
      rx_packets: 2,
      rx_errors: 3,
      rx_dropped: 4,
      tx_bytes: 50,
      tx_packets: 6,
      tx_errors: 7,
      tx_dropped: 8,
    },
  });
});

test("readCgroupFigures() of this process has no limit above the host's memory", async () => {
  const figures = await readCgroupFigures(process.pid, 1 << 30);
  expect(figures.memory_stats.limit).toBeLessThanOrEqual(1 << 30);
  expect(figures.cpu_stats.online_cpus).toBeGreaterThan(0);
});
