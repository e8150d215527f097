/**
 * The launch program of a container: from the launching process to the user's program, as a readable list of steps.
 *
 * @module
 */
import { resolve } from "node:path";
import type { Spec } from "@rt/oci-spec/oci";
import type { ConsoleTarget, ParentMode } from "../api/oci_runtime.ts";
import type { CgroupLayout } from "../cgroups/layout.ts";
import type { CgroupManager } from "../cgroups/manager.ts";
import {
  emitAttachTerminal,
  emitConnect,
  emitConsoleDevice,
  emitConsoleRelay,
  emitOpenTerminal,
  emitSendMaster,
} from "../console/console.ts";
import { InvalidRequestError } from "../errors.ts";
import { emitHooks } from "../hooks/emit.ts";
import type { Operand, Program, Slot } from "../launch/program.ts";
import { ProgramBuilder } from "../launch/program.ts";
import {
  cloneFlags,
  emitJoin,
  NAMESPACE_FLAG,
  type NamespacePlan,
  planNamespaces,
} from "../namespaces/namespaces.ts";
import { emitLoopback } from "../namespaces/network.ts";
import { emitMappings, emitWriteProc } from "../namespaces/user.ts";
import { emitCgroupMount } from "../rootfs/cgroup_mount.ts";
import { containerDevices, emitDeviceLinks, emitDevices } from "../rootfs/device.ts";
import { emitMaskedPaths, emitReadonlyPaths } from "../rootfs/mask.ts";
import { cloneTree, emitMount, type MountPlan, newFilesystem, setAttributes } from "../rootfs/mount.ts";
import { parseMountOptions } from "../rootfs/mount_options.ts";
import { emitBindRoot, emitMoveRoot, emitPivotRoot } from "../rootfs/pivot_root.ts";
import { propagationOf } from "../rootfs/propagation.ts";
import { makeDirectory } from "../rootfs/target.ts";
import type { SeccompFilter } from "../seccomp/compile.ts";
import { containerResources } from "../specconv/resources.ts";
import { resolveSysctls } from "../sysctl/sysctl.ts";
import { emitDeviceFilter } from "./device_filter.ts";
import { emitSessionKeyring } from "./keyring.ts";
import { AT_FDCWD, CLONE, MOUNT_ATTR, MS, O, S_IF } from "./linux.ts";
import { emitParent, emitPipe, type ReadyPipe, TAG } from "./parent.ts";
import { emitExec, emitOomScoreAdj, emitReady, emitRlimits, type ReadyProcess } from "./process.ts";

/** Everything the program of a container depends on. */
export interface CreatePlan {
  readonly id: string;
  readonly spec: Spec;
  /** Absolute, without symbolic links. */
  readonly rootfs: string;
  /** Absolute. */
  readonly bundle: string;
  readonly cgroups: CgroupManager;
  readonly layout: CgroupLayout;
  /** Whether a path of the host is a directory; for what a bind mount's target has to be. */
  readonly isDirectory: (path: string) => boolean;
  readonly mode: ParentMode;
  /** FIFO that the process waits on: for the runtime's hooks, and to be started. */
  readonly fifo?: string | undefined;
  /** Whether the process waits to be started. */
  readonly waitForStart: boolean;
  readonly console?: ConsoleTarget | undefined;
  readonly seccomp?: SeccompFilter | undefined;
  readonly lastCap: number;
  readonly noPivot: boolean;
  readonly newKeyring: boolean;
  readonly preserveFds: number;
  readonly dieWithParent: boolean;
  /** Mount point that the root file system is on, where its propagation has to be taken away. */
  readonly privateMount?: string | undefined;
  readonly trace?: boolean;
}

/** Compiles the launch program of a container. @throws {RtError} `INVALID_ARGUMENT` if the configuration is wrong. */
export function compileCreate(plan: CreatePlan): Program {
  const p = new ProgramBuilder({ trace: plan.trace ?? false });
  const namespaces = planNamespaces(plan.spec.linux?.namespaces ?? []);
  const ownUser = namespaces.created.has("user");
  if (plan.fifo !== undefined) {
    p.sys("mknodat", [AT_FDCWD, p.cstring(plan.fifo), S_IF.fifo | 0o600, 0], { name: "make exec fifo" });
  }
  const { version, paths } = plan.cgroups;
  if (version === 2) emitDeviceFilter(p, paths[""]!, containerResources(plan.spec).devices ?? []);
  const go = ownUser ? emitPipe(p, "make pipe") : undefined;
  emitJoin(
    p,
    namespaces.joined.filter(([type]) => type !== "mount"),
  );
  emitTimeNamespace(p, plan.spec, namespaces);
  const relay = emitConsoleRelay(p, plan.console, plan.mode);
  emitParent(p, {
    relay: relay?.pid,
    flags: cloneFlags(namespaces),
    mode: plan.mode,
    cgroups: plan.cgroups.join(),
    child: (ready) => emitChild(p, plan, namespaces, { ready, go, relay: relay?.socket }),
    parent: (pid) => {
      if (relay !== undefined) p.sys("close", [relay.socket]);
      if (go === undefined) return;
      p.sys("close", [go.read]);
      emitMappings(p, pid, plan.spec.linux?.uidMappings ?? [], plan.spec.linux?.gidMappings ?? []);
      emitRlimits(p, plan.spec.process!, pid);
      const oom = plan.spec.process?.oomScoreAdj;
      if (oom !== undefined) emitWriteProc(p, pid, "oom_score_adj", String(oom));
      p.sys("write", [go.write, p.cstring("g"), 1], { name: "release container process" });
      p.sys("close", [go.write]);
    },
  });
  return p.build();
}

function emitChild(
  p: ProgramBuilder,
  plan: CreatePlan,
  namespaces: NamespacePlan,
  pipes: {
    readonly ready: ReadyPipe;
    readonly go: ReadyPipe | undefined;
    /** Where a relay waits for the terminal. */
    readonly relay: Slot | undefined;
  },
): void {
  const process = plan.spec.process!;
  const { ready, go } = pipes;
  if (go !== undefined) p.sys("close", [go.write]);
  p.sys("setsid", [], { name: "start session" });
  p.sys("umask", [0]);
  const fifo = plan.fifo === undefined ? undefined : emitOpenFifo(p, plan.fifo);
  const socket = plan.console?.kind === "socket" ? emitConnect(p, plan.console.path) : pipes.relay;
  if (namespaces.created.has("cgroup")) {
    p.sys("unshare", [NAMESPACE_FLAG.cgroup], { name: "make cgroup namespace" });
  }
  if (go === undefined) emitOomScoreAdj(p, process);
  if (namespaces.created.has("network")) emitLoopback(p);
  emitNames(p, plan.spec);
  emitRootfs(p, plan, namespaces, { fifo, socket, mapped: go?.read });
  if (go === undefined) emitRlimits(p, process);
  const program = emitReady(p, { ...plan, process });
  emitWaitAndExec(p, plan, ready, fifo, program);
}

/** Waits until the mapping is there, then becomes its root. */
function emitAwaitMapping(p: ProgramBuilder, mapped: Slot): void {
  const byte = p.bss(8);
  const count = p.sys("read", [mapped, byte, 1], { name: "wait for id mapping" });
  p.when("ne", count, 1, () => p.exit(1));
  p.sys("close", [mapped]);
  p.sys("setresgid", [0, 0, 0], { name: "become root of user namespace" });
  p.sys("setresuid", [0, 0, 0], { name: "become root of user namespace" });
}

/** Opened for both, so that it neither blocks nor ends; the path is gone after pivot_root. */
function emitOpenFifo(p: ProgramBuilder, path: string): Slot {
  const fd = p.slot();
  p.sys("openat", [AT_FDCWD, p.cstring(path), O.rdwr | O.cloexec, 0], { into: fd, name: "open exec fifo" });
  return fd;
}

function emitWaitFifo(p: ProgramBuilder, fifo: Operand): void {
  const byte = p.bss(8);
  const again = p.place();
  p.sys("read", [fifo, byte, 1], { onErrno: { errnos: ["EINTR"], goto: again }, name: "wait on exec fifo" });
}

function emitTimeNamespace(p: ProgramBuilder, spec: Spec, namespaces: NamespacePlan): void {
  if (!namespaces.created.has("time")) return;
  p.sys("unshare", [CLONE.time], { name: "make time namespace" });
  const lines = Object.entries(spec.linux?.timeOffsets ?? {}).map(
    ([clock, { secs = 0, nanosecs = 0 }]) => `${clock} ${secs} ${nanosecs}\n`,
  );
  if (lines.length === 0) return;
  const text = lines.join("");
  const name = "set time offsets";
  const path = p.cstring("/proc/self/timens_offsets");
  const fd = p.sys("openat", [AT_FDCWD, path, O.wronly | O.cloexec, 0], { name });
  p.sys("write", [fd, p.cstring(text), text.length], { name });
  p.sys("close", [fd]);
}

function emitNames(p: ProgramBuilder, { hostname, domainname }: Spec): void {
  const length = (text: string): number => new TextEncoder().encode(text).length;
  if (hostname) p.sys("sethostname", [p.cstring(hostname), length(hostname)], { name: "set hostname" });
  if (domainname)
    p.sys("setdomainname", [p.cstring(domainname), length(domainname)], { name: "set domainname" });
}

/** The root file system, all by descriptors while the host is still in sight; at the end it is the root. */
function emitRootfs(
  p: ProgramBuilder,
  plan: CreatePlan,
  namespaces: NamespacePlan,
  open: {
    readonly fifo: Slot | undefined;
    readonly socket: Slot | undefined;
    /** Where the launching process tells that a new user namespace has its mapping. */
    readonly mapped: Slot | undefined;
  },
): void {
  const { spec } = plan;
  const linux = spec.linux ?? {};
  if (!namespaces.created.has("mount")) {
    emitJoin(
      p,
      namespaces.joined.filter(([type]) => type === "mount"),
    );
  }
  const propagation = propagationOf(linux.rootfsPropagation) ?? MS.slave | MS.rec;
  p.sys("mount", [0, p.cstring("/"), 0, propagation, 0], { name: "set propagation of /" });
  if (plan.privateMount !== undefined) {
    p.sys("mount", [0, p.cstring(plan.privateMount), 0, MS.private, 0], {
      name: `make ${plan.privateMount} private`,
    });
  }
  const root = emitBindRoot(p, plan.rootfs);
  const mounts = planMounts(plan);
  let opened: readonly (Slot | undefined)[] = [];
  if (open.mapped !== undefined) {
    // Paths of the host are opened while we are still its root, files are made once we are the container's.
    opened = mounts.map((mount) => (mount.options.bind === "no" ? undefined : cloneTree(p, mount)));
    emitAwaitMapping(p, open.mapped);
  }
  if (plan.newKeyring) emitSessionKeyring(p, plan.id);
  emitMounts(p, root, plan, namespaces, mounts, opened);
  const ownDev = !(spec.mounts ?? []).some(
    (m) => m.destination.replace(/\/+$/, "") === "/dev" && parseMountOptions(m.options ?? []).bind !== "no",
  );
  if (ownDev) {
    emitDevices(p, root, containerDevices(linux.devices ?? []), namespaces.created.has("user"));
    emitDeviceLinks(p, root);
  }
  if (spec.process?.terminal === true) emitTerminal(p, root, plan, open.socket);
  emitSysctls(p, spec, namespaces);
  emitReadonlyPaths(p, root, linux.readonlyPaths ?? []);
  emitMaskedPaths(p, root, linux.maskedPaths ?? []);
  p.sys("close", [
    makeDirectory(p, { root, path: spec.process?.cwd ?? "/", name: "make working directory" }),
  ]);
  emitEarlyHooks(p, plan, open.fifo);
  emitAppArmor(p, spec.process?.apparmorProfile);
  if (spec.root?.readonly === true) setAttributes(p, root, { set: MOUNT_ATTR.rdonly }, "make root read-only");
  if (plan.noPivot) emitMoveRoot(p, root);
  else emitPivotRoot(p, root);
  if (linux.rootfsPropagation !== undefined) {
    p.sys("mount", [0, p.cstring("/"), 0, propagation, 0], { name: "set propagation of the container's /" });
  }
  p.sys("close", [root]);
}

/** What `mounts` come to. @throws {InvalidRequestError} for what is not supported. */
function planMounts({ spec, bundle, isDirectory }: CreatePlan): MountPlan[] {
  return (spec.mounts ?? []).map((mount) => {
    const options = parseMountOptions(mount.options ?? []);
    if (options.copyUp) throw new InvalidRequestError("mount option tmpcopyup is not supported");
    const destination = mount.destination.startsWith("/") ? mount.destination : `/${mount.destination}`;
    const bind = options.bind !== "no" || mount.type === "bind";
    const source = bind ? resolve(bundle, mount.source ?? "") : (mount.source ?? "");
    return {
      destination,
      type: bind ? "bind" : (mount.type ?? ""),
      source,
      options: bind && options.bind === "no" ? { ...options, bind: "one" } : options,
      kind: bind && !isDirectory(source) ? "file" : "directory",
    };
  });
}

function emitMounts(
  p: ProgramBuilder,
  root: Slot,
  plan: CreatePlan,
  namespaces: NamespacePlan,
  mounts: readonly MountPlan[],
  opened: readonly (Slot | undefined)[],
): void {
  for (const [i, mount] of mounts.entries()) {
    if (mount.type === "cgroup" || mount.type === "cgroup2") {
      emitCgroupMount(p, root, {
        ...mount,
        layout: plan.layout,
        paths: plan.cgroups.paths,
        ownNamespace: namespaces.created.has("cgroup"),
      });
    } else {
      p.sys("close", [emitMount(p, root, mount, opened[i])]);
    }
  }
}

function emitTerminal(p: ProgramBuilder, root: Slot, plan: CreatePlan, socket: Slot | undefined): void {
  const { master, slave } = emitOpenTerminal(p, root, plan.spec.process?.consoleSize);
  emitConsoleDevice(p, root, slave);
  if (socket !== undefined) emitSendMaster(p, socket, master);
  emitAttachTerminal(p, slave);
}

/** Through a procfs of our own that nobody else can see, so that no mount of the image can redirect a write. */
function emitSysctls(p: ProgramBuilder, spec: Spec, namespaces: NamespacePlan): void {
  const joinedOrOwn = (type: "ipc" | "network" | "uts" | "user"): boolean =>
    namespaces.created.has(type) || namespaces.joined.some(([t]) => t === type);
  const writes = resolveSysctls(spec.linux?.sysctl ?? {}, {
    ipc: joinedOrOwn("ipc"),
    network: joinedOrOwn("network"),
    uts: joinedOrOwn("uts"),
    user: joinedOrOwn("user"),
  });
  if (writes.length === 0) return;
  const proc = newFilesystem(
    p,
    { type: "proc", source: "proc", options: parseMountOptions([]) },
    "open procfs for sysctl",
  );
  for (const { key, path, value } of writes) {
    const name = `set sysctl ${key}`;
    const fd = p.sys("openat", [proc, p.cstring(`sys/${path}`), O.wronly | O.cloexec, 0], { name });
    p.sys("write", [fd, p.cstring(value), new TextEncoder().encode(value).length], { name });
    p.sys("close", [fd]);
  }
  p.sys("close", [proc]);
}

/** Hooks between the mounts and pivot_root: the runtime's own while we wait, then those in our namespaces. */
function emitEarlyHooks(p: ProgramBuilder, plan: CreatePlan, fifo: Slot | undefined): void {
  const hooks = plan.spec.hooks ?? {};
  if (hasRuntimeHooks(plan.spec) && fifo !== undefined) {
    p.value(TAG.hooks, 1);
    emitWaitFifo(p, fifo);
  }
  emitHooks(p, hooks.createContainer ?? [], { ...plan, status: "creating", pid: "host" });
}

/** Whether the runtime has hooks to run while the container's process waits. */
export function hasRuntimeHooks({ hooks }: Spec): boolean {
  return (hooks?.prestart?.length ?? 0) + (hooks?.createRuntime?.length ?? 0) > 0;
}

function emitAppArmor(p: ProgramBuilder, profile: string | undefined): void {
  if (profile === undefined || profile === "") return;
  const name = `apply apparmor profile ${profile}`;
  const path = p.cstring("/proc/self/attr/apparmor/exec");
  const fd = p.sys("openat", [AT_FDCWD, path, O.wronly | O.cloexec, 0], { name });
  const text = `exec ${profile}`;
  p.sys("write", [fd, p.cstring(text), text.length], { name });
  p.sys("close", [fd]);
}

/** Tells that all is ready, waits for `start`, runs the start hooks, and becomes the user's program. */
function emitWaitAndExec(
  p: ProgramBuilder,
  plan: CreatePlan,
  ready: ReadyPipe,
  fifo: Slot | undefined,
  program: ReadyProcess,
): void {
  if (fifo === undefined || !plan.waitForStart) {
    emitHooks(p, plan.spec.hooks?.startContainer ?? [], { ...plan, status: "created", pid: "own" });
    emitExec(p, program, `exec: ${JSON.stringify(plan.spec.process?.args?.[0] ?? "")}`);
    return;
  }
  p.sys("close", [ready.write]);
  p.sys("close", [p.reportFd], { onError: "ignore" });
  emitWaitFifo(p, fifo);
  p.sys("close", [fifo]);
  emitHooks(p, plan.spec.hooks?.startContainer ?? [], { ...plan, status: "created", pid: "own" });
  emitExecLate(p, program, plan.spec.process?.args?.[0] ?? "");
}

/** After `start` nobody listens any more: why it could not be executed goes to the container's own stderr. */
function emitExecLate(p: ProgramBuilder, program: ReadyProcess, file: string): void {
  const failed = p.label();
  const errno = p.slot();
  p.sys("execve", [program.path, program.argv, program.envp], { into: errno, onError: failed, name: "exec" });
  p.place(failed);
  const write = (text: string): void => {
    p.sys("write", [2, p.cstring(text), new TextEncoder().encode(text).length], { onError: "ignore" });
  };
  const known: readonly (readonly [errno: number, text: string])[] = [
    [8, "exec format error"],
    [2, "no such file or directory"],
    [13, "permission denied"],
    [7, "argument list too long"],
    [12, "cannot allocate memory"],
    [26, "text file busy"],
  ];
  for (const [number, text] of known) p.when("eq", errno, -number, () => write(`exec ${file}: ${text}\n`));
  p.exit(255);
}
