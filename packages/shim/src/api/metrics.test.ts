import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import * as v1 from "./gen/containerd/cgroups/v1/metrics_pb.ts";
import * as v2 from "./gen/containerd/cgroups/v2/metrics_pb.ts";
import { metricsV1, metricsV2 } from "./metrics.ts";

const reader =
  (files: Readonly<Record<string, string>>) =>
  (controller: string, file: string): string | undefined =>
    files[controller === "" ? file : `${controller}/${file}`];

describe("metrics", () => {
  test("metricsV1() takes each figure from its controller's file", () => {
    const { typeUrl, value } = metricsV1(
      reader({
        "pids/pids.current": "3\n",
        "pids/pids.max": "max\n",
        "cpuacct/cpuacct.usage": "12345678901\n",
        "cpuacct/cpuacct.usage_percpu": "1 2 \n",
        "cpu/cpu.stat": "nr_periods 5\nnr_throttled 4\nthrottled_time 3\n",
        "memory/memory.stat":
          "cache 1\npgpgin 2\ninactive_file 3\nhierarchical_memsw_limit 4\ntotal_pgmajfault 5\n",
        "memory/memory.usage_in_bytes": "4096\n",
        "memory/memory.memsw.limit_in_bytes": "8192\n",
        "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 1\noom_kill 2\n",
        "blkio/blkio.throttle.io_service_bytes_recursive": "8:16 Read 10\n8:16 Total 10\nTotal 10\n",
      }),
    );
    expect(typeUrl).toBe("io.containerd.cgroups.v1.Metrics");
    const m = fromBinary(v1.MetricsSchema, value);
    expect([m.pids?.current, m.pids?.limit]).toEqual([3n, 0n]);
    expect([m.cpu?.usage?.total, m.cpu?.usage?.perCpu]).toEqual([12345678901n, [1n, 2n]]);
    expect([m.cpu?.throttling?.periods, m.cpu?.throttling?.throttledTime]).toEqual([5n, 3n]);
    const { memory } = m;
    expect([memory?.cache, memory?.pgPgIn, memory?.inactiveFile]).toEqual([1n, 2n, 3n]);
    expect([memory?.hierarchicalSwapLimit, memory?.totalPgMajFault]).toEqual([4n, 5n]);
    expect([memory?.usage?.usage, memory?.swap?.limit, m.memoryOomControl?.oomKill]).toEqual([
      4096n,
      8192n,
      2n,
    ]);
    const [entry, total] = m.blkio?.ioServiceBytesRecursive ?? [];
    expect([entry?.op, entry?.major, entry?.minor, entry?.value, total?.op]).toEqual([
      "Read",
      8n,
      16n,
      10n,
      "Total",
    ]);
  });

  test("metricsV2() takes each figure from the one hierarchy; no limit is the greatest number", () => {
    const { typeUrl, value } = metricsV2(
      reader({
        "pids.current": "2\n",
        "cpu.stat": "usage_usec 100\nuser_usec 60\nnr_bursts 1\n",
        "memory.stat": "anon 7\npgfault 8\nthp_fault_alloc 9\nworkingset_refault_file 10\n",
        "memory.current": "4096\n",
        "memory.max": "max\n",
        "memory.events": "low 0\noom_kill 3\n",
        "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n",
      }),
    );
    expect(typeUrl).toBe("io.containerd.cgroups.v2.Metrics");
    const m = fromBinary(v2.MetricsSchema, value);
    expect([m.cpu?.usageUsec, m.cpu?.nrBursts, m.pids?.current]).toEqual([100n, 1n, 2n]);
    expect([m.memory?.anon, m.memory?.pgfault, m.memory?.workingsetRefault]).toEqual([7n, 8n, 10n]);
    expect([m.memory?.usage, m.memory?.usageLimit, m.memoryEvents?.oomKill]).toEqual([
      4096n,
      (1n << 64n) - 1n,
      3n,
    ]);
    const [io] = m.io?.usage ?? [];
    expect([io?.major, io?.rbytes, io?.wbytes, io?.rios, io?.wios]).toEqual([8n, 1n, 2n, 3n, 4n]);
  });

  test("metricsV1() and metricsV2() are zeros where there are no files", () => {
    expect(fromBinary(v1.MetricsSchema, metricsV1(() => undefined).value).memory?.usage?.usage).toBe(0n);
    expect(fromBinary(v2.MetricsSchema, metricsV2(() => undefined).value).memory?.usage).toBe(0n);
  });
});
