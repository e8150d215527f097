/**
 * Create: cgroups, state and process of a container; all of it or nothing.
 *
 * @module
 */
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions, CreateRequest, LaunchedProcess } from "../api/oci_runtime.ts";
import { type CgroupManager, openCgroups } from "../cgroups/manager.ts";
import { InvalidRequestError, RtError } from "../errors.ts";
import { runHooks } from "../hooks/run.ts";
import { type CreatePlan, compileCreate, hasRuntimeHooks } from "../init/create.ts";
import { type Spec, silentLogger } from "../oci.ts";
import { mountPointOf } from "../rootfs/propagation.ts";
import { compileSeccomp } from "../seccomp/compile.ts";
import { checkSpec, readSpec, rootfsPath } from "../specconv/load.ts";
import { containerResources } from "../specconv/resources.ts";
import { release } from "./fifo.ts";
import { launchProcess } from "./launch.ts";
import { startTimeOf } from "./process_state.ts";
import type { RuncDeps } from "./runc.ts";
import { type ContainerRecord, checkId, claim, fifoPath, forget, save } from "./store.ts";

/** Options of {@linkcode create}. */
export interface CreateOptions extends CallOptions {
  /** The process does not wait to be started. @default {false} */
  readonly started?: boolean;
}

/** {@inheritDoc OciRuntime.create} */
export async function create(
  deps: RuncDeps,
  request: CreateRequest,
  options: CreateOptions = {},
): Promise<LaunchedProcess> {
  options.signal?.throwIfAborted();
  const log = options.log ?? silentLogger;
  const bundle = existingBundle(request.bundle);
  const spec = request.spec ?? readSpec(bundle);
  checkId(request.id);
  checkSpec(spec);
  const rootfs = realpathSync(rootfsPath(bundle, spec));
  checkConsole(request, spec);
  refusePreserveFds(request.preserveFds);
  const cgroups = openCgroups(deps.cgroupFs, deps.layout, {
    id: request.id,
    cgroupsPath: spec.linux?.cgroupsPath,
  });
  const plan = planCreate(deps, request, {
    spec,
    bundle,
    rootfs,
    cgroups,
    started: options.started === true,
  });
  for (const name of plan.seccomp?.unknown ?? [])
    log.debug("unknown system call in seccomp profile", { name });
  const program = compileCreate(plan);
  claim(deps.root, request.id);
  const undo = new Undo();
  undo.add(() => forget(deps.root, request.id));
  try {
    let record: ContainerRecord = {
      version: 1,
      id: request.id,
      bundle,
      rootfs,
      created: new Date().toISOString(),
      pid: 0,
      startTime: 0,
      owner: process.getuid?.() ?? 0,
      cgroupPaths: cgroups.paths,
      newKeyring: plan.newKeyring,
      spec,
    };
    save(deps.root, record);
    undo.add(() => removeCgroups(cgroups));
    const resources = containerResources(spec);
    cgroups.create(resources);
    cgroups.set(resources);
    const ready = await launchProcess(deps.kernel, {
      program,
      io: request.io,
      mode: plan.mode,
      signal: options.signal,
      onPid: (pid) => {
        undo.add(() => killAndWait(pid));
        record = { ...record, pid, startTime: startTimeOf(pid) ?? 0 };
        save(deps.root, record);
      },
      onHooks: async (pid) => {
        const subject = { id: request.id, spec, bundle, status: "creating", pid };
        const { prestart = [], createRuntime = [] } = spec.hooks ?? {};
        await runHooks(deps.kernel, [...prestart, ...createRuntime], subject);
        release(plan.fifo ?? "");
      },
    });
    if (options.started === true) {
      rmSync(fifoPath(deps.root, request.id), { force: true });
      await runHooks(deps.kernel, spec.hooks?.poststart ?? [], {
        id: request.id,
        spec,
        bundle,
        status: "running",
        pid: ready.pid,
      });
    }
    if (request.pidFile !== undefined) writePidFile(request.pidFile, ready.pid);
    log.debug("created", { container: request.id, pid: ready.pid });
    return { pid: ready.pid, ...(ready.exited === undefined ? {} : { exited: ready.exited }) };
  } catch (err) {
    await undo.run();
    throw err;
  }
}

/** Steps back, last first. */
class Undo {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Takes every step back; what fails is no reason to stop. */
  async run(): Promise<void> {
    for (const step of this.#steps.toReversed()) {
      try {
        await step();
      } catch {
        // The error that led here is the one to tell.
      }
    }
  }
}

function existingBundle(path: string): string {
  const bundle = resolve(path);
  if (!existsSync(bundle)) throw new InvalidRequestError(`chdir ${path}: no such file or directory`);
  return bundle;
}

function checkConsole(request: CreateRequest, spec: Spec): void {
  if (spec.process?.terminal !== true && request.io?.console !== undefined) {
    throw new InvalidRequestError("cannot use console socket if runc will not detach or allocate tty");
  }
  if (spec.process?.terminal === true && request.io?.console === undefined) {
    throw new InvalidRequestError("cannot allocate tty if runc will detach without setting console socket");
  }
}

/** @throws {RtError} `NOT_IMPLEMENTED`: no kernel port hands on descriptors yet. */
export function refusePreserveFds(count = 0): void {
  if (count !== 0) throw new RtError("NOT_IMPLEMENTED", "preserving file descriptors is not supported");
}

/** What {@linkcode planCreate} has been told already. */
interface Prepared {
  readonly spec: Spec;
  readonly bundle: string;
  readonly rootfs: string;
  readonly cgroups: CgroupManager;
  readonly started: boolean;
}

/** Everything that the launch program depends on, from this machine. */
export function planCreate(
  deps: Omit<RuncDeps, "kernel">,
  request: CreateRequest,
  prepared: Prepared,
): CreatePlan {
  const { spec } = prepared;
  const seccomp = spec.linux?.seccomp;
  const shared = spec.linux?.rootfsPropagation?.endsWith("shared") === true;
  const fifo = !prepared.started || hasRuntimeHooks(spec) ? fifoPath(deps.root, request.id) : undefined;
  return {
    ...prepared,
    id: request.id,
    layout: deps.layout,
    isDirectory,
    mode: request.parent ?? "stay",
    fifo,
    waitForStart: !prepared.started,
    console: request.io?.console,
    seccomp: seccomp === undefined ? undefined : compileSeccomp(seccomp, process.arch as "x64" | "arm64"),
    lastCap: lastCapability(),
    noPivot: request.noPivot ?? false,
    newKeyring: request.noNewKeyring !== true,
    preserveFds: request.preserveFds ?? 0,
    dieWithParent: request.dieWithParent ?? false,
    privateMount: shared
      ? mountPointOf(readFileSync("/proc/self/mountinfo", "utf8"), prepared.rootfs)
      : undefined,
  };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return true;
  }
}

/** Highest capability of this kernel. */
export function lastCapability(): number {
  return Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
}

/** Writes a pid file so that it is never seen empty. */
export function writePidFile(path: string, pid: number): void {
  const temporary = `${dirname(path)}/.${path.slice(path.lastIndexOf("/") + 1)}.new`;
  writeFileSync(temporary, String(pid), { mode: 0o644 });
  renameSync(temporary, path);
}

/** Removes cgroups with whatever is in them. */
export async function removeCgroups(cgroups: CgroupManager): Promise<void> {
  if (!cgroups.exists()) return;
  if (cgroups.allPids().length > 0) await cgroups.killAll();
  await cgroups.destroy();
}

/** Kills `pid` and waits until it is gone. */
export async function killAndWait(pid: number, timeoutMs = 10_000): Promise<void> {
  const startTime = startTimeOf(pid);
  if (startTime === undefined) return;
  process.kill(pid, "SIGKILL");
  for (let waited = 0; waited < timeoutMs && startTimeOf(pid) === startTime; waited += 2) await sleep(2);
}
