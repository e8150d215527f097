/**
 * Resources: limits of the CRI and of the engine, both ways.
 *
 * @module
 */
import type { HostConfig, Resources } from "@rt/dockerd/api";
import type { LinuxContainerResources } from "../api/types.ts";

/** CPU shares of a sandbox: the least there is. */
export const SANDBOX_CPU_SHARES = 2;
/** A sandbox is killed after everything else in its pod. */
export const SANDBOX_OOM_SCORE_ADJ = -998;

/** Resources as the domain passes them, without what makes them a message. */
export type CriResources = Pick<
  LinuxContainerResources,
  | "cpuPeriod"
  | "cpuQuota"
  | "cpuShares"
  | "memoryLimitInBytes"
  | "memorySwapLimitInBytes"
  | "oomScoreAdj"
  | "cpusetCpus"
  | "cpusetMems"
>;

/** What the engine is told; 0 and empty leave a limit as it is. Swap is as much as memory unless it is given. */
export function engineResources(from: CriResources): Resources {
  const memory = Number(from.memoryLimitInBytes);
  const swap = Number(from.memorySwapLimitInBytes);
  return {
    ...(from.cpuPeriod === 0n ? {} : { CpuPeriod: Number(from.cpuPeriod) }),
    ...(from.cpuQuota === 0n ? {} : { CpuQuota: Number(from.cpuQuota) }),
    ...(from.cpuShares === 0n ? {} : { CpuShares: Number(from.cpuShares) }),
    ...(memory === 0 ? {} : { Memory: memory }),
    ...(memory === 0 && swap === 0 ? {} : { MemorySwap: swap === 0 ? memory : swap }),
    ...(from.cpusetCpus === "" ? {} : { CpusetCpus: from.cpusetCpus }),
    ...(from.cpusetMems === "" ? {} : { CpusetMems: from.cpusetMems }),
  };
}

/** What a container has, for its status. */
export function criResources(from: HostConfig): CriResources {
  const big = (value: number | undefined): bigint => BigInt(value ?? 0);
  return {
    cpuPeriod: big(from.CpuPeriod),
    cpuQuota: big(from.CpuQuota),
    cpuShares: big(from.CpuShares),
    memoryLimitInBytes: big(from.Memory),
    memorySwapLimitInBytes: big(from.MemorySwap),
    oomScoreAdj: big(from.OomScoreAdj),
    cpusetCpus: from.CpusetCpus ?? "",
    cpusetMems: from.CpusetMems ?? "",
  };
}
