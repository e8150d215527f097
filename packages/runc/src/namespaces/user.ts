/**
 * User namespaces: the mappings, written by the launching process while the new one waits.
 *
 * Source: user_namespaces(7).
 *
 * @module
 */
import type { LinuxIdMapping } from "@rt/oci-spec/oci";
import { AT_FDCWD, O } from "../init/linux.ts";
import type { ProgramBuilder, Slot } from "../launch/program.ts";

/** Text of a uid_map or gid_map. */
export function mapText(mappings: readonly LinuxIdMapping[]): string {
  return mappings.map((m) => `${m.containerID} ${m.hostID} ${m.size}\n`).join("");
}

/** Emits a write of `text` to `/proc/<pid>/<file>`. */
export function emitWriteProc(p: ProgramBuilder, pid: Slot, file: string, text: string): void {
  const name = `write ${file}`;
  const path = p.bss(64);
  const at = p.slot();
  p.copy(path, p.cstring("/proc/"), 6);
  p.arith("add", path.at(6), p.formatDecimal(pid, path.at(6)), { into: at });
  p.copy(at, p.cstring(`/${file}`), file.length + 2);
  const fd = p.sys("openat", [AT_FDCWD, path, O.wronly | O.cloexec, 0], { name });
  p.sys("write", [fd, p.cstring(text), text.length], { name });
  p.sys("close", [fd]);
}

/** Emits both mappings of `pid`. */
export function emitMappings(
  p: ProgramBuilder,
  pid: Slot,
  uid: readonly LinuxIdMapping[],
  gid: readonly LinuxIdMapping[],
): void {
  if (gid.length > 0) emitWriteProc(p, pid, "gid_map", mapText(gid));
  if (uid.length > 0) emitWriteProc(p, pid, "uid_map", mapText(uid));
}
