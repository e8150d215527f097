/**
 * What the kernel says of a process.
 *
 * Source: proc_pid_stat(5).
 *
 * @module
 */
import { readFileSync, readlinkSync } from "node:fs";
import type { LinuxNamespaceType } from "@rt/oci-spec/oci";
import { NAMESPACE_FILE } from "../namespaces/namespaces.ts";

/** Fields of /proc/PID/stat from the third on; undefined if there is no such process. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** When a process started, in clock ticks since boot; undefined if there is none or it is dead. */
export function startTimeOf(pid: number): number | undefined {
  const fields = statFields(pid);
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined;
  return Number(fields[19]);
}

/** Namespaces of `pid` that are not this process's. */
export function foreignNamespaces(pid: number): LinuxNamespaceType[] {
  const types = Object.keys(NAMESPACE_FILE) as LinuxNamespaceType[];
  return types.filter((type) => {
    const file = NAMESPACE_FILE[type];
    try {
      return readlinkSync(`/proc/${pid}/ns/${file}`) !== readlinkSync(`/proc/self/ns/${file}`);
    } catch {
      return false;
    }
  });
}
