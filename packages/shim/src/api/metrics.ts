/**
 * Resource use of a container as the messages that containerd's clients read, from the files of its cgroups.
 *
 * Source: containerd/cgroups cgroup1/stats/metrics.proto, cgroup2/stats/metrics.proto; Linux
 * Documentation/admin-guide/cgroup-v1/{cpuacct,memory,blkio-controller}.rst, cgroup-v2.rst.
 *
 * @module
 */
import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import * as v1 from "./gen/containerd/cgroups/v1/metrics_pb.ts";
import * as v2 from "./gen/containerd/cgroups/v2/metrics_pb.ts";
import type { TypedValue } from "./typed_value.ts";

/** Text of a cgroup's file: of a controller on v1, of the only hierarchy (controller empty) on v2. */
export type ReadCgroupFile = (controller: string, file: string) => string | undefined;

/** A number of a file; `max` and what is missing are 0. */
function number(text: string | undefined): bigint {
  const found = /^\d+/.exec(text ?? "")?.[0];
  return found === undefined ? 0n : BigInt(found);
}

/** The `key value` lines of a file. */
function keyed(text: string | undefined): Map<string, bigint> {
  const lines = [...(text ?? "").matchAll(/^(\w+) (\d+)$/gm)];
  return new Map(lines.map(([, key = "", value = "0"]) => [key, BigInt(value)]));
}

/** v1 spells some keys without underscores. */
const V1_KEYS: Readonly<Record<string, string>> = {
  pg_pg_in: "pgpgin",
  pg_pg_out: "pgpgout",
  pg_fault: "pgfault",
  pg_maj_fault: "pgmajfault",
  hierarchical_swap_limit: "hierarchical_memsw_limit",
};

/** v2 spells some keys otherwise than the message. */
const V2_KEYS: Readonly<Record<string, string>> = { workingset_refault: "workingset_refault_file" };

/** The fields of a message that keys of a file have in their names. */
function fieldsFrom(
  schema: DescMessage,
  values: ReadonlyMap<string, bigint>,
  names: Readonly<Record<string, string>> = {},
): Record<string, bigint> {
  const fields: Record<string, bigint> = {};
  for (const field of schema.fields) {
    const total = field.name.startsWith("total_") ? "total_" : "";
    const bare = field.name.slice(total.length);
    const value = values.get(total + (names[bare] ?? bare));
    if (value !== undefined) fields[field.localName] = value;
  }
  return fields;
}

/** `io.containerd.cgroups.v1.Metrics`. */
export function metricsV1(read: ReadCgroupFile): TypedValue {
  const entry = (kind: string): { limit: bigint; usage: bigint; max: bigint; failcnt: bigint } => ({
    limit: number(read("memory", `memory.${kind}limit_in_bytes`)),
    usage: number(read("memory", `memory.${kind}usage_in_bytes`)),
    max: number(read("memory", `memory.${kind}max_usage_in_bytes`)),
    failcnt: number(read("memory", `memory.${kind}failcnt`)),
  });
  const cpu = keyed(read("cpu", "cpu.stat"));
  const metrics = create(v1.MetricsSchema, {
    pids: { current: number(read("pids", "pids.current")), limit: number(read("pids", "pids.max")) },
    cpu: {
      usage: {
        total: number(read("cpuacct", "cpuacct.usage")),
        user: number(read("cpuacct", "cpuacct.usage_user")),
        kernel: number(read("cpuacct", "cpuacct.usage_sys")),
        perCpu: (read("cpuacct", "cpuacct.usage_percpu") ?? "")
          .trim()
          .split(/\s+/)
          .filter(Boolean)
          .map(BigInt),
      },
      throttling: {
        periods: cpu.get("nr_periods") ?? 0n,
        throttledPeriods: cpu.get("nr_throttled") ?? 0n,
        throttledTime: cpu.get("throttled_time") ?? 0n,
      },
    },
    memory: {
      ...fieldsFrom(v1.MemoryStatSchema, keyed(read("memory", "memory.stat")), V1_KEYS),
      ...{ usage: entry(""), swap: entry("memsw."), kernel: entry("kmem."), kernelTcp: entry("kmem.tcp.") },
    },
    blkio: {
      ioServiceBytesRecursive: blockEntries(read("blkio", "blkio.throttle.io_service_bytes_recursive")),
      ioServicedRecursive: blockEntries(read("blkio", "blkio.throttle.io_serviced_recursive")),
    },
    memoryOomControl: fieldsFrom(v1.MemoryOomControlSchema, keyed(read("memory", "memory.oom_control"))),
  });
  return { typeUrl: v1.MetricsSchema.typeName, value: toBinary(v1.MetricsSchema, metrics) };
}

/** The lines `major:minor Op value` of a blkio file. */
function blockEntries(
  text: string | undefined,
): { op: string; major: bigint; minor: bigint; value: bigint }[] {
  return [...(text ?? "").matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(
    ([, major, minor, op = "", value]) => ({
      op,
      major: BigInt(major ?? 0),
      minor: BigInt(minor ?? 0),
      value: BigInt(value ?? 0),
    }),
  );
}

/** `io.containerd.cgroups.v2.Metrics`. */
export function metricsV2(read: ReadCgroupFile): TypedValue {
  const file = (name: string): bigint => number(read("", name));
  const metrics = create(v2.MetricsSchema, {
    pids: { current: file("pids.current"), limit: file("pids.max") },
    cpu: fieldsFrom(v2.CPUStatSchema, keyed(read("", "cpu.stat"))),
    memory: {
      ...fieldsFrom(v2.MemoryStatSchema, keyed(read("", "memory.stat")), V2_KEYS),
      ...{
        usage: file("memory.current"),
        usageLimit: limit(read("", "memory.max")),
        maxUsage: file("memory.peak"),
      },
      ...{ swapUsage: file("memory.swap.current"), swapLimit: limit(read("", "memory.swap.max")) },
      swapMaxUsage: file("memory.swap.peak"),
    },
    io: { usage: ioEntries(read("", "io.stat")) },
    memoryEvents: fieldsFrom(v2.MemoryEventsSchema, keyed(read("", "memory.events"))),
  });
  return { typeUrl: v2.MetricsSchema.typeName, value: toBinary(v2.MetricsSchema, metrics) };
}

/** A limit of v2; none is the greatest number, as in containerd/cgroups. */
function limit(text: string | undefined): bigint {
  return text?.startsWith("max") === true ? 0xffff_ffff_ffff_ffffn : number(text);
}

/** The lines `major:minor rbytes=… wbytes=… rios=… wios=…` of io.stat. */
function ioEntries(
  text: string | undefined,
): Record<"major" | "minor" | "rbytes" | "wbytes" | "rios" | "wios", bigint>[] {
  return [...(text ?? "").matchAll(/^(\d+):(\d+) (.*)$/gm)].map(([, major = "0", minor = "0", rest = ""]) => {
    const of = (key: string): bigint => number(new RegExp(`\\b${key}=(\\d+)`).exec(rest)?.[1]);
    const [rbytes, wbytes, rios, wios] = [of("rbytes"), of("wbytes"), of("rios"), of("wios")];
    return { major: BigInt(major), minor: BigInt(minor), rbytes, wbytes, rios, wios };
  });
}
