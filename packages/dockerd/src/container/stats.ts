/**
 * Samples of a container's resources, once a second.
 *
 * Source: moby `daemon/stats.go`.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { CpuStats, StatsResponse } from "../api/types/index.ts";
import { parseNetDev, readCgroupFigures } from "../host/cgroup_figures.ts";
import { formatNano, ZERO_TIME } from "../time.ts";
import type { ContainerDeps } from "./deps.ts";
import type { Container } from "./record.ts";

/** Time between two samples. Milliseconds. */
const INTERVAL_MS = 1000;

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** One sample; zeros for a container that does not run. */
async function sample(
  deps: ContainerDeps,
  container: Container,
  before: StatsResponse | undefined,
): Promise<StatsResponse> {
  const { Running, Pid } = container.record.State;
  const base: StatsResponse = {
    name: container.record.Name,
    id: container.id,
    read: formatNano(deps.clock()),
    preread: before?.read ?? ZERO_TIME,
    pids_stats: {},
    blkio_stats: {},
    num_procs: 0,
    storage_stats: {},
    cpu_stats: NO_CPU,
    precpu_stats: before?.cpu_stats ?? NO_CPU,
    memory_stats: {},
  };
  if (!Running || Pid === 0) return { ...base, read: ZERO_TIME };
  try {
    const [figures, net] = await Promise.all([
      readCgroupFigures(Pid, deps.facts.memory),
      container.hostConfig.NetworkMode === "host" ? undefined : readFile(`/proc/${Pid}/net/dev`, "utf8"),
    ]);
    return { ...base, ...figures, ...(net === undefined ? {} : { networks: parseNetDev(net) }) };
  } catch {
    // It has ended meanwhile.
    return { ...base, read: ZERO_TIME };
  }
}

/**
 * Samples of `container`: one a second until the signal fires, or one alone.
 *
 * @param options.oneShot Without waiting a second for a sample to compare with.
 */
export async function* containerStats(
  deps: ContainerDeps,
  container: Container,
  options: { readonly stream?: boolean; readonly oneShot?: boolean; readonly signal?: AbortSignal },
): AsyncGenerator<StatsResponse> {
  let before = await sample(deps, container, undefined);
  if (options.oneShot) {
    yield before;
    return;
  }
  if (options.stream) yield before;
  while (!options.signal?.aborted) {
    await sleep(INTERVAL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      () => {},
    );
    if (options.signal?.aborted || deps.store.find(container.id) !== container) return;
    before = await sample(deps, container, before);
    yield before;
    if (!options.stream) return;
  }
}
