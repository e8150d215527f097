/**
 * The launch program of one more process in a container that runs.
 *
 * Between the launching process and the new one stands, where the former stays, a process that joins the namespaces
 * and is gone as soon as the new one exists: nothing of ours lingers in the container's namespaces.
 *
 * @module
 */
import type { LinuxNamespaceType, Process } from "@rt/oci-spec/oci";
import type { ConsoleTarget, ParentMode } from "../api/oci_runtime.ts";
import type { CgroupJoin } from "../cgroups/manager.ts";
import {
  emitAttachTerminal,
  emitConnect,
  emitConsoleRelay,
  emitOpenRoot,
  emitOpenTerminal,
  emitSendMaster,
} from "../console/console.ts";
import type { Program, Slot } from "../launch/program.ts";
import { ProgramBuilder } from "../launch/program.ts";
import { NAMESPACE_FLAG } from "../namespaces/namespaces.ts";
import type { SeccompFilter } from "../seccomp/compile.ts";
import { emitClone, emitOpenCgroups } from "./clone.ts";
import { emitSessionKeyring } from "./keyring.ts";
import { AT_FDCWD, CLONE, O } from "./linux.ts";
import { emitExitWith, emitPipe, type ReadyPipe, TAG } from "./parent.ts";
import { emitExec, emitOomScoreAdj, emitReady, emitRlimits } from "./process.ts";

/** Everything the program of an exec depends on. */
export interface ExecPlan {
  readonly id: string;
  /** Pid of the container's init. */
  readonly initPid: number;
  /** Namespaces of the container that are not ours. */
  readonly namespaces: readonly LinuxNamespaceType[];
  readonly process: Process;
  readonly join: CgroupJoin;
  readonly mode: ParentMode;
  readonly console?: ConsoleTarget | undefined;
  readonly seccomp?: SeccompFilter | undefined;
  readonly lastCap: number;
  readonly preserveFds: number;
  readonly dieWithParent: boolean;
  readonly newKeyring: boolean;
  readonly trace?: boolean;
}

/** Compiles the launch program of an exec. */
export function compileExec(plan: ExecPlan): Program {
  const p = new ProgramBuilder({ trace: plan.trace ?? false });
  const relay = emitConsoleRelay(p, plan.console, plan.mode);
  const ready = emitPipe(p, "make pipe");
  const clone = (flags: number): void => emitJoinAndClone(p, plan, { ready, relay: relay?.socket }, flags);
  if (plan.mode === "stay") {
    const joiner = p.fork(() => clone(CLONE.parent), { name: "fork" });
    p.sys("wait4", [joiner, 0, 0, 0], { tolerate: ["EINTR"], name: "wait for joining process" });
  } else {
    clone(plan.mode === "sibling" ? CLONE.parent : 0);
  }
  const pid = p.slot();
  const word = p.bss(8);
  p.sys("close", [ready.write], { onError: "ignore" });
  if (relay !== undefined) p.sys("close", [relay.socket], { onError: "ignore" });
  // First its pid, then the end.
  const count = p.sys("read", [ready.read, word, 8], { name: "wait for process" });
  p.when("ne", count, 8, () => p.exit(1));
  p.load("u64", word, 0, { into: pid });
  p.value(TAG.pid, pid);
  p.sys("read", [ready.read, word, 1], { name: "wait for process" });
  p.value(TAG.ready, 1);
  if (plan.mode === "stay") emitExitWith(p, pid, relay?.pid);
  else p.exit(0);
  return p.build();
}

/** Joins the container and makes the new process there; the joining process goes on behind it. */
function emitJoinAndClone(
  p: ProgramBuilder,
  plan: ExecPlan,
  { ready, relay }: { readonly ready: ReadyPipe; readonly relay: Slot | undefined },
  flags: number,
): void {
  const socket = plan.console?.kind === "socket" ? emitConnect(p, plan.console.path) : relay;
  const cgroups = emitOpenCgroups(p, plan.join);
  emitRlimits(p, plan.process);
  emitOomScoreAdj(p, plan.process);
  const apparmor = emitOpenAppArmor(p, plan.process.apparmorProfile);
  const cgroupNamespace = emitSetns(p, plan);
  const pid = emitClone(p, {
    flags: 0,
    sibling: flags === CLONE.parent,
    cgroups,
    name: "clone process",
    child: () => {
      p.sys("close", [ready.read]);
      cgroupNamespace?.();
      emitChild(p, plan, socket, apparmor);
    },
  });
  const word = p.bss(8);
  p.store("u64", word, 0, pid);
  p.sys("write", [ready.write, word, 8], { name: "tell pid" });
}

/** The new process, in the container's cgroups and namespaces. */
function emitChild(
  p: ProgramBuilder,
  plan: ExecPlan,
  socket: Slot | undefined,
  apparmor: (() => void) | undefined,
): void {
  p.sys("setsid", [], { name: "start session" });
  if (plan.newKeyring) emitSessionKeyring(p, plan.id);
  if (plan.namespaces.includes("user")) {
    p.sys("setresgid", [0, 0, 0], { name: "become root of user namespace" });
    p.sys("setresuid", [0, 0, 0], { name: "become root of user namespace" });
  }
  if (plan.process.terminal === true) {
    const root = emitOpenRoot(p);
    const { master, slave } = emitOpenTerminal(p, root, plan.process.consoleSize);
    p.sys("close", [root]);
    if (socket !== undefined) emitSendMaster(p, socket, master);
    emitAttachTerminal(p, slave);
  }
  apparmor?.();
  const program = emitReady(p, plan);
  emitExec(p, program, `exec: ${JSON.stringify(plan.process.args?.[0] ?? "")}`);
}

/**
 * Joins all but the cgroup namespace: that one the new process joins when it is in its cgroups, because a process
 * whose cgroup is outside of its cgroup namespace may be refused to move. The result emits that.
 */
function emitSetns(p: ProgramBuilder, plan: ExecPlan): (() => void) | undefined {
  if (plan.namespaces.length === 0) return undefined;
  const flags = plan.namespaces.reduce(
    (all, type) => all | (type === "cgroup" ? 0 : NAMESPACE_FLAG[type]),
    0,
  );
  const name = `join namespaces of process ${plan.initPid}`;
  const fd = p.sys("pidfd_open", [plan.initPid, 0], { name });
  if (flags !== 0) p.sys("setns", [fd, flags], { name });
  if (!plan.namespaces.includes("cgroup")) return undefined;
  return () => void p.sys("setns", [fd, NAMESPACE_FLAG.cgroup], { name: "join cgroup namespace" });
}

/** The attribute file is opened in the host's /proc, which the container cannot fake; the write comes later. */
function emitOpenAppArmor(p: ProgramBuilder, profile: string | undefined): (() => void) | undefined {
  if (profile === undefined || profile === "") return undefined;
  const name = `apply apparmor profile ${profile}`;
  const proc = p.sys("openat", [AT_FDCWD, p.cstring("/proc"), O.path | O.directory | O.cloexec], { name });
  return () => {
    const path = p.cstring("thread-self/attr/apparmor/exec");
    const fd = p.sys("openat", [proc, path, O.wronly | O.cloexec, 0], { name });
    const text = `exec ${profile}`;
    p.sys("write", [fd, p.cstring(text), text.length], { name });
    p.sys("close", [fd]);
  };
}
