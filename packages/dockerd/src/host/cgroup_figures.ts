/**
 * Figures of a cgroup, as the Engine API tells them; hierarchies v1 and v2.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/{cpuacct,memory}.rst, cgroup-v2.rst; moby `daemon/stats_unix.go`.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import type { CpuStats, StatsResponse } from "../api/types/index.ts";

/** Nanoseconds of a clock tick (USER_HZ is 100). */
const TICK_NS = 10_000_000;

/** The part of a sample that the cgroup tells. */
export type CgroupFigures = Pick<StatsResponse, "memory_stats" | "pids_stats"> & {
  readonly cpu_stats: CpuStats;
};

/** Path of each controller's cgroup, from `/proc/<pid>/cgroup`; the unified one under the empty name. */
export function parseCgroups(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^[0-9]+:([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    for (const controller of match[1]!.split(",")) paths.set(controller, match[2]!);
  }
  return paths;
}

/** `name value` lines as numbers. */
export function parseFlat(text: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [name, value] = line.split(" ");
    if (name && value !== undefined) values[name] = Number(value);
  }
  return values;
}

/** A file with one number; undefined if it is not there; `max` is undefined too. */
async function number(path: string): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? undefined : value;
}

async function flat(path: string): Promise<Record<string, number>> {
  return parseFlat(await readFile(path, "utf8").catch(() => ""));
}

/** Time that all CPUs have spent since the start, and their number, from `/proc/stat`. */
export function parseSystemCpu(text: string): { system_cpu_usage: number; online_cpus: number } {
  const lines = text.split("\n");
  const fields = (lines.find((line) => line.startsWith("cpu ")) ?? "").split(/\s+/).slice(1, 9).map(Number);
  return {
    system_cpu_usage: fields.reduce((sum, ticks) => sum + (ticks || 0), 0) * TICK_NS,
    online_cpus: lines.filter((line) => /^cpu[0-9]/.test(line)).length,
  };
}

/** Figures of a process's cgroups on hierarchies of version 1. */
async function figuresV1(
  paths: ReadonlyMap<string, string>,
): Promise<Omit<CgroupFigures, "cpu_stats"> & { cpu: Omit<CpuStats, "system_cpu_usage" | "online_cpus"> }> {
  const file = (controller: string, name: string): string =>
    `/sys/fs/cgroup/${controller}${paths.get(controller) ?? "/"}/${name}`;
  const [usage, perCpu, split, throttled, memory, highest, limit, failures, details, pids, pidsLimit] =
    await Promise.all([
      number(file("cpuacct", "cpuacct.usage")),
      readFile(file("cpuacct", "cpuacct.usage_percpu"), "utf8").catch(() => ""),
      flat(file("cpuacct", "cpuacct.stat")),
      flat(file("cpu", "cpu.stat")),
      number(file("memory", "memory.usage_in_bytes")),
      number(file("memory", "memory.max_usage_in_bytes")),
      number(file("memory", "memory.limit_in_bytes")),
      number(file("memory", "memory.failcnt")),
      flat(file("memory", "memory.stat")),
      number(file("pids", "pids.current")),
      number(file("pids", "pids.max")),
    ]);
  return {
    cpu: {
      cpu_usage: {
        total_usage: usage ?? 0,
        percpu_usage: perCpu.trim().split(" ").filter(Boolean).map(Number),
        usage_in_kernelmode: (split.system ?? 0) * TICK_NS,
        usage_in_usermode: (split.user ?? 0) * TICK_NS,
      },
      throttling_data: {
        periods: throttled.nr_periods ?? 0,
        throttled_periods: throttled.nr_throttled ?? 0,
        throttled_time: throttled.throttled_time ?? 0,
      },
    },
    memory_stats: {
      usage: memory ?? 0,
      max_usage: highest ?? 0,
      stats: details,
      ...(limit === undefined ? {} : { limit }),
      failcnt: failures ?? 0,
    },
    pids_stats: { current: pids ?? 0, ...(pidsLimit === undefined ? {} : { limit: pidsLimit }) },
  };
}

/** Figures of a process's cgroup on the unified hierarchy. */
async function figuresV2(path: string): Promise<Awaited<ReturnType<typeof figuresV1>>> {
  const file = (name: string): string => `/sys/fs/cgroup${path}/${name}`;
  const [cpu, memory, limit, details, pids, pidsLimit] = await Promise.all([
    flat(file("cpu.stat")),
    number(file("memory.current")),
    number(file("memory.max")),
    flat(file("memory.stat")),
    number(file("pids.current")),
    number(file("pids.max")),
  ]);
  return {
    cpu: {
      cpu_usage: {
        total_usage: (cpu.usage_usec ?? 0) * 1000,
        usage_in_kernelmode: (cpu.system_usec ?? 0) * 1000,
        usage_in_usermode: (cpu.user_usec ?? 0) * 1000,
      },
      throttling_data: {
        periods: cpu.nr_periods ?? 0,
        throttled_periods: cpu.nr_throttled ?? 0,
        throttled_time: (cpu.throttled_usec ?? 0) * 1000,
      },
    },
    memory_stats: { usage: memory ?? 0, stats: details, ...(limit === undefined ? {} : { limit }) },
    pids_stats: { current: pids ?? 0, ...(pidsLimit === undefined ? {} : { limit: pidsLimit }) },
  };
}

/** Figures of the cgroups of process `pid`. @param totalMemory The host's memory: the limit where there is none. Bytes. */
export async function readCgroupFigures(pid: number, totalMemory: number): Promise<CgroupFigures> {
  const [cgroups, stat] = await Promise.all([
    readFile(`/proc/${pid}/cgroup`, "utf8"),
    readFile("/proc/stat", "utf8"),
  ]);
  const paths = parseCgroups(cgroups);
  const { cpu, memory_stats, pids_stats } = paths.has("memory")
    ? await figuresV1(paths)
    : await figuresV2(paths.get("") ?? "/");
  const limit = Math.min(memory_stats.limit ?? totalMemory, totalMemory);
  return {
    cpu_stats: { ...cpu, ...parseSystemCpu(stat) },
    memory_stats: { ...memory_stats, limit },
    pids_stats,
  };
}

/** Counters of each interface but `lo`, from a `/proc/<pid>/net/dev`. */
export function parseNetDev(text: string): NonNullable<StatsResponse["networks"]> {
  const networks: NonNullable<StatsResponse["networks"]> = {};
  for (const line of text.split("\n")) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (match === null || match[1] === "lo") continue;
    const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] =
      match[2]!.split(/\s+/).map(Number);
    networks[match[1]!] = {
      rx_bytes: rxBytes ?? 0,
      rx_packets: rxPackets ?? 0,
      rx_errors: rxErrors ?? 0,
      rx_dropped: rxDropped ?? 0,
      tx_bytes: txBytes ?? 0,
      tx_packets: txPackets ?? 0,
      tx_errors: txErrors ?? 0,
      tx_dropped: txDropped ?? 0,
    };
  }
  return networks;
}
