/**
 * How low an OOM score this machine lets us set: without CAP_SYS_RESOURCE not below our own.
 *
 * Source: proc_pid_oom_score_adj(5), capabilities(7); containerd's option `restrict_oom_score_adj`.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** The lowest score there is: never killed. */
const MIN_SCORE = -1000;
const CAP_SYS_RESOURCE = 24n;

/** The lowest `oom_score_adj` that processes of this machine can be given by one with our capabilities. */
export function lowestOomScoreAdj(): number {
  const caps = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  if (((BigInt(`0x${caps}`) >> CAP_SYS_RESOURCE) & 1n) === 1n) return MIN_SCORE;
  return Number.parseInt(readFileSync("/proc/self/oom_score_adj", "utf8"), 10);
}
