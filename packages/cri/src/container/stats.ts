/**
 * ContainerStats and ListContainerStats: what containers use.
 *
 * Source: cri-dockerd `core/stats_linux.go`.
 *
 * @module
 */
import type { ContainerSummary, StatsResponse } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import type { ContainerStatsFilter, ContainerStatsInit } from "../api/types.ts";
import { readLabels } from "../convert/labels.ts";
import { containerMetadata } from "../convert/naming.ts";
import { nanosOf } from "../convert/time.ts";
import { ContainerNotFoundError, hasCode } from "../errors.ts";
import { type EngineDeps, nameAndLabels } from "../sandbox/find.ts";
import { findContainer } from "./find.ts";
import { selectContainers } from "./list.ts";

/** Statistics of one container. @throws {ContainerNotFoundError} `NOT_FOUND`. */
export async function containerStats(
  deps: EngineDeps,
  { containerId }: { readonly containerId: string },
  options: CallOptions,
): Promise<{ stats: ContainerStatsInit }> {
  const found = await findContainer(deps, containerId, options);
  const stats =
    found === undefined
      ? undefined
      : await sample(deps, { Id: found.Id, Names: [found.Name], Labels: found.Config.Labels ?? {} }, options);
  if (stats === undefined) throw new ContainerNotFoundError("failed to find container");
  return { stats };
}

/** Statistics of the running containers that match. */
export async function listContainerStats(
  deps: EngineDeps,
  { filter }: { readonly filter?: ContainerStatsFilter | undefined },
  options: CallOptions,
): Promise<{ stats: ContainerStatsInit[] }> {
  const running = (await selectContainers(deps, filter, options)).filter((c) => c.State === "running");
  const stats = await Promise.all(running.map((c) => sample(deps, c, options)));
  return { stats: stats.filter((s) => s !== undefined) };
}

/** One sample; undefined if the container has gone meanwhile. */
async function sample(
  { engine }: EngineDeps,
  container: Pick<ContainerSummary, "Id" | "Names" | "Labels">,
  options: CallOptions,
): Promise<ContainerStatsInit | undefined> {
  const metadata = containerMetadata(nameAndLabels(container));
  if (metadata === undefined) return undefined;
  try {
    const samples = await engine.containers.stats(container.Id, { ...options, stream: false, oneShot: true });
    for await (const stats of samples) {
      return {
        attributes: { id: container.Id, metadata, ...readLabels(container.Labels) },
        ...usageOf(stats),
      };
    }
    return undefined;
  } catch (err) {
    if (hasCode(err, "NOT_FOUND")) return undefined;
    throw err;
  }
}

/** CPU and memory; the working set is what cannot be given back without being asked. */
export function usageOf({ read, cpu_stats, memory_stats }: StatsResponse): ContainerStatsInit {
  const timestamp = nanosOf(read);
  const bytes = (value: number | undefined): { value: bigint } => ({
    value: BigInt(Math.max(0, value ?? 0)),
  });
  const { usage = 0, limit, stats = {} } = memory_stats;
  const workingSet = usage - (stats.total_inactive_file ?? stats.inactive_file ?? 0);
  return {
    cpu: { timestamp, usageCoreNanoSeconds: bytes(cpu_stats.cpu_usage.total_usage) },
    memory: {
      timestamp,
      workingSetBytes: bytes(workingSet),
      usageBytes: bytes(usage),
      rssBytes: bytes(stats.rss ?? stats.anon),
      pageFaults: bytes(stats.pgfault),
      majorPageFaults: bytes(stats.pgmajfault),
      ...(limit === undefined ? {} : { availableBytes: bytes(limit - workingSet) }),
    },
  };
}
