/**
 * Pressure stall information of a cgroup v2.
 *
 * Source: Linux Documentation/accounting/psi.rst.
 *
 * @module
 */
import type { CgroupFs } from "../host/cgroup_fs.ts";
import { readOptional } from "./files.ts";
import type { PsiData, PsiStats } from "./stats.ts";

function parseLine(fields: readonly string[]): PsiData {
  const values = new Map(fields.map((f) => f.split("=") as [string, string]));
  const average = (key: string): number => Number(values.get(key) ?? 0);
  return {
    avg10: average("avg10"),
    avg60: average("avg60"),
    avg300: average("avg300"),
    total: BigInt(values.get("total") ?? 0),
  };
}

/** Reads a pressure file; undefined where the kernel has none. */
export function readPsi(fs: CgroupFs, dir: string, file: string): PsiStats | undefined {
  const text = readOptional(fs, dir, file);
  if (text === undefined) return undefined;
  const stats: PsiStats = { some: parseLine([]), full: parseLine([]) };
  for (const line of text.split("\n")) {
    const [kind, ...fields] = line.split(" ");
    if (kind === "some" || kind === "full") stats[kind] = parseLine(fields);
  }
  return stats;
}
