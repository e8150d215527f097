/**
 * Processes as /proc shows them: who belongs to a stack, who is whose parent.
 *
 * Source: proc(5), fields of /proc/PID/stat.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** One live process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  /** Name as the kernel has it, at most 15 bytes. */
  readonly comm: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** The process `pid`, or undefined where it is gone or a zombie. */
export function readProcess(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const [state, ppid] = stat.slice(end + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    return { pid, ppid: Number(ppid), comm: stat.slice(stat.indexOf("(") + 1, end), args, cwd: cwdOf(pid) };
  } catch {
    return undefined;
  }
}

function cwdOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

/** All live processes of the machine. */
export function allProcesses(): ProcessInfo[] {
  return readdirSync("/proc")
    .filter((n) => /^\d+$/.test(n))
    .map((n) => readProcess(Number(n)))
    .filter((p) => p !== undefined);
}

/**
 * The processes of the stack at `root`: those whose command line or working directory is below it, and what they
 * started. The caller itself and its ancestors never count.
 */
export function stackProcesses(root: string): ProcessInfo[] {
  const all = allProcesses();
  const byPid = new Map(all.map((p) => [p.pid, p]));
  const own = new Set<number>();
  for (let p = byPid.get(process.pid); p !== undefined; p = byPid.get(p.ppid)) own.add(p.pid);
  const below = (s: string): boolean => s === root || s.includes(`${root}/`) || s.endsWith(`=${root}`);
  const member = new Map<number, boolean>();
  const belongs = (p: ProcessInfo): boolean => {
    if (own.has(p.pid)) return false;
    const known = member.get(p.pid);
    if (known !== undefined) return known;
    const parent = byPid.get(p.ppid);
    const yes =
      below(p.cwd) || p.args.some(below) || (parent !== undefined && parent.pid > 1 && belongs(parent));
    member.set(p.pid, yes);
    return yes;
  };
  return all.filter(belongs);
}

/** Whether `pid` lives (a zombie does not). */
export function isAlive(pid: number): boolean {
  return readProcess(pid) !== undefined;
}
