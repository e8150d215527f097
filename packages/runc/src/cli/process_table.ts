/**
 * A table of processes from /proc: user, pid, parent, time, command.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** The table, one line per process that still exists. */
export function processTable(pids: readonly number[]): string {
  const rows = [["UID", "PID", "PPID", "CMD"], ...pids.flatMap((pid) => row(pid))];
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((r) => r[i]!.length)));
  return rows
    .map(([uid, pid, ppid, cmd]) => {
      return `${uid!.padEnd(widths[0]!)} ${pid!.padStart(widths[1]!)} ${ppid!.padStart(widths[2]!)} ${cmd}\n`;
    })
    .join("");
}

function row(pid: number): string[][] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "?";
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0+$/, "").replaceAll("\0", " ");
    return [[field("Uid"), String(pid), field("PPid"), line || `[${field("Name")}]`]];
  } catch {
    return [];
  }
}
