/**
 * The last part of every launch: from "inside the container" to "about to execute the user's program".
 *
 * Order: no_new_privs, descriptors, bounding set, working directory, user, capabilities, death signal, the program's
 * path, seccomp. runc (libcontainer/{standard_init,setns_init,init}_linux.go) loads the filter first where it needs
 * privilege for it; here one capability is kept for it, so that no profile has to allow what a runtime does.
 *
 * @module
 */
import type { Process } from "@rt/oci-spec/oci";
import {
  ambientRaises,
  boundingDrops,
  type CapabilitySets,
  capabilitySets,
  capsetData,
  capsetHeader,
} from "../capabilities/sets.ts";
import { ERRNO } from "../launch/errno.ts";
import type { ProgramBuilder, Slot } from "../launch/program.ts";
import type { Data } from "../launch/program_data.ts";
import { resolveRlimits } from "../rlimits/rlimits.ts";
import type { SeccompFilter } from "../seccomp/compile.ts";
import { emitHome, hasHome } from "./home.ts";
import { AT, AT_FDCWD, O, PR, SIG } from "./linux.ts";
import { emitLookup } from "./lookup.ts";

/** What the last part depends on. */
export interface ProcessPlan {
  readonly process: Process;
  /** Highest capability of the kernel. */
  readonly lastCap: number;
  readonly seccomp?: SeccompFilter | undefined;
  /** Descriptors from 3 on that stay open. */
  readonly preserveFds: number;
  readonly dieWithParent: boolean;
}

/** The capability that seccomp(2) takes without no_new_privs. */
const CAP_SYS_ADMIN = 1n << 21n;

/** What {@linkcode emitExec} needs. */
export interface ReadyProcess {
  /** Address of the program's path. */
  readonly path: Slot;
  readonly argv: Data;
  readonly envp: Data;
}

/** Emits `process.rlimits`; in the initial user namespace, where raising them is allowed. */
export function emitRlimits(p: ProgramBuilder, process: Process, pid: Slot | 0 = 0): void {
  const names = process.rlimits ?? [];
  for (const [i, { resource, bytes }] of resolveRlimits(names).entries()) {
    p.sys("prlimit64", [pid, resource, p.bytes(bytes), 0], { name: `set resource limit ${names[i]?.type}` });
  }
}

/** Emits a write of `process.oomScoreAdj`, through the host's /proc. */
export function emitOomScoreAdj(p: ProgramBuilder, process: Process): void {
  if (process.oomScoreAdj === undefined) return;
  emitWriteFile(p, "/proc/self/oom_score_adj", String(process.oomScoreAdj), "set oom_score_adj");
}

/** Emits one write to a file of the host. */
export function emitWriteFile(p: ProgramBuilder, path: string, text: string, name: string): void {
  const fd = p.sys("openat", [AT_FDCWD, p.cstring(path), O.wronly | O.cloexec, 0], { name });
  p.sys("write", [fd, p.cstring(text), new TextEncoder().encode(text).length], { name });
  p.sys("close", [fd]);
}

/** Emits everything up to the point where the program can be executed. */
export function emitReady(p: ProgramBuilder, plan: ProcessPlan): ReadyProcess {
  const { process, seccomp } = plan;
  const env = environment(process.env ?? []);
  const noNewPrivs = process.noNewPrivileges === true;
  if (noNewPrivs) p.sys("prctl", [PR.setNoNewPrivs, 1, 0, 0, 0], { name: "set no_new_privs" });
  emitCloseFds(p, plan.preserveFds);
  const sets = capabilitySets(process.capabilities ?? {}, plan.lastCap);
  if (process.capabilities !== undefined) emitBounding(p, sets, plan.lastCap);
  p.sys("prctl", [PR.setKeepcaps, 1, 0, 0, 0], { name: "keep capabilities" });
  emitStdioOwner(p, process.user.uid);
  const denied = p.label();
  const changed = p.slot();
  const name = `chdir to cwd (${JSON.stringify(process.cwd)}) set in config.json failed`;
  p.sys("chdir", [p.cstring(process.cwd)], { name, onErrno: { errnos: ["EACCES", "EPERM"], goto: denied } });
  p.mov(changed, 1);
  p.place(denied);
  emitUser(p, process);
  p.when("eq", changed, 0, () => p.sys("chdir", [p.cstring(process.cwd)], { name }));
  emitVerifyCwd(p);
  p.sys("prctl", [PR.setKeepcaps, 0, 0, 0, 0], { name: "clear keep capabilities" });
  // Without no_new_privs the filter takes CAP_SYS_ADMIN, which is kept, unused, until then.
  const spare = seccomp !== undefined && !noNewPrivs ? CAP_SYS_ADMIN : 0n;
  if (process.capabilities !== undefined) emitCapabilities(p, sets, spare);
  if (plan.dieWithParent) p.sys("prctl", [PR.setPdeathsig, SIG.kill, 0, 0, 0], { name: "set death signal" });
  const argv = p.vector(process.args ?? []);
  const envp = hasHome(env) ? p.vector(env) : vectorWithHome(p, env, process.user.uid);
  const path = emitLookup(p, process.args?.[0] ?? "", env);
  if (seccomp !== undefined)
    emitSeccomp(p, seccomp, process.capabilities === undefined ? undefined : sets, spare);
  return { path, argv, envp };
}

/** Emits the execution of the program; a failure is reported. */
export function emitExec(p: ProgramBuilder, ready: ReadyProcess, name: string): void {
  p.sys("execve", [ready.path, ready.argv, ready.envp], { name });
}

/** One line per name: the last value, at the place of the first, as runc 1.1 sets them; an empty HOME goes. */
export function environment(lines: readonly string[]): string[] {
  const values = new Map<string, string>();
  for (const line of lines) values.set(line.slice(0, line.indexOf("=")), line);
  if (values.get("HOME") === "HOME=") values.delete("HOME");
  return [...values.values()];
}

function vectorWithHome(p: ProgramBuilder, env: readonly string[], uid: number): Data {
  const home = emitHome(p, uid);
  const table = p.struct((env.length + 2) * 8);
  for (const [i, line] of env.entries()) table.pointer(i * 8, p.cstring(line));
  return table.pointer(env.length * 8, home).data;
}

/** Loads the filter; of our own system calls only capset, what waits to be started, and execve are still to pass it. */
function emitSeccomp(
  p: ProgramBuilder,
  filter: SeccompFilter,
  sets: CapabilitySets | undefined,
  spare: bigint,
): void {
  const program = p.struct(16).u16(0, filter.count).pointer(8, p.bytes(filter.bytes));
  const raise = sets !== undefined && spare !== 0n;
  if (raise) emitCapset(p, { ...sets, permitted: sets.permitted | spare, effective: sets.effective | spare });
  p.sys("seccomp", [1, filter.flags, program.data], { name: "load seccomp filter" });
  if (raise) emitCapset(p, sets);
}

function emitCapset(
  p: ProgramBuilder,
  sets: Pick<CapabilitySets, "effective" | "permitted" | "inheritable">,
): void {
  p.sys("capset", [p.bytes(capsetHeader()), p.bytes(capsetData(sets))], { name: "set capabilities" });
}

/** Marks every descriptor from 3 + `preserve` on to be closed by execve. */
function emitCloseFds(p: ProgramBuilder, preserve: number): void {
  const cloexec = 4;
  p.sys("close_range", [3 + preserve, 0xffff_ffff, cloexec], { name: "close descriptors" });
}

function emitBounding(p: ProgramBuilder, sets: CapabilitySets, lastCap: number): void {
  for (const bit of boundingDrops(sets.bounding, lastCap)) {
    p.sys("prctl", [PR.capbsetDrop, bit, 0, 0, 0], { name: `drop capability ${bit}` });
  }
}

function emitCapabilities(p: ProgramBuilder, sets: CapabilitySets, spare: bigint): void {
  emitCapset(p, { ...sets, permitted: sets.permitted | spare });
  p.sys("prctl", [PR.capAmbient, PR.capAmbientClearAll, 0, 0, 0], { name: "clear ambient capabilities" });
  for (const bit of ambientRaises(sets.ambient)) {
    p.sys("prctl", [PR.capAmbient, PR.capAmbientRaise, bit, 0, 0], {
      onError: "ignore",
      name: `raise ambient capability ${bit}`,
    });
  }
}

function emitUser(p: ProgramBuilder, { user }: Process): void {
  const groups = user.additionalGids ?? [];
  const list = p.struct(Math.max(4, groups.length * 4));
  for (const [i, gid] of groups.entries()) list.u32(i * 4, gid);
  p.sys("setgroups", [groups.length, groups.length === 0 ? 0 : list.data], { name: "set groups" });
  p.sys("umask", [user.umask ?? 0o022]);
  p.sys("setresgid", [user.gid, user.gid, user.gid], { name: `set gid ${user.gid}` });
  p.sys("setresuid", [user.uid, user.uid, user.uid], { name: `set uid ${user.uid}` });
}

/** A working directory outside the container's root reads "(unreachable)…" (CVE-2024-21626). */
function emitVerifyCwd(p: ProgramBuilder): void {
  const buffer = p.bss(4096);
  const name =
    "verify cwd: current working directory is outside of container mount namespace root -- possible container breakout detected";
  p.sys("getcwd", [buffer, 4096], { name });
  const first = p.load("u8", buffer);
  p.when("ne", first, 0x2f, () => p.fail(name, ERRNO.ENOENT));
}

/** Gives fds 0 to 2 to the user, but never /dev/null. */
function emitStdioOwner(p: ProgramBuilder, uid: number): void {
  const statx = p.bss(256);
  const emptyPath = p.cstring("");
  for (const fd of [0, 1, 2]) {
    const next = p.label();
    p.sys("statx", [fd, emptyPath, AT.emptyPath, 0x7ff, statx], { onError: next });
    p.branch("eq", p.load("u32", statx, 20), uid, next);
    const major = p.load("u32", statx, 128);
    const minor = p.load("u32", statx, 132);
    const isNull = p.arith("or", p.arith("shl", major, 32), minor);
    p.branch("eq", isNull, (1n << 32n) | 3n, next);
    const gid = p.load("u32", statx, 24);
    p.sys("fchown", [fd, uid, gid], { onError: "ignore", name: `own descriptor ${fd}` });
    p.place(next);
  }
}
