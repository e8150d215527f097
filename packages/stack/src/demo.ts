/**
 * The steps of the demo: each runs something real through the stack and says what it saw.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ContainerState, type CriRuntime } from "@rt/cri/api";
import type { Engine, OutputChunk } from "@rt/dockerd/api";
import { type Arch, helloElf, pauseElf } from "@rt/dockerd/kernel";
import { compose } from "@rt/runc";
import { defaultSpec } from "@rt/runc/oci";
import { busyboxEntries, type Entry, helloEntries, imageTar } from "./images.ts";

/** A container's end as a user sees it. */
export interface RunReport {
  readonly output: string;
  readonly exitCode: number;
  /** From the create call to the removal. Milliseconds. */
  readonly totalMs: number;
  /** Duration of each call, by its name. Milliseconds. */
  readonly callMs: Readonly<Record<string, number>>;
}

/** What the hello image prints. */
export const GREETING = "hello from a container that no engine, libc or shell is in\n";

/** Imports the generated hello image as `rt/hello`; resolves with its size in bytes. */
export async function importHello(engine: Engine): Promise<number> {
  const elf = helloElf(process.arch as Arch, GREETING);
  await importImage(engine, "rt/hello", helloEntries(elf), "/hello");
  return elf.length;
}

/** Imports an image whose only program waits, as `rt/pause`. */
export async function importPause(engine: Engine): Promise<void> {
  const content = pauseElf(process.arch as Arch);
  await importImage(engine, "rt/pause", [{ name: "pause", mode: 0o755, content }], "/pause");
}

/** The hello program by @rt/runc in this process: create, start, wait, delete. Milliseconds. */
export async function runInProcess(dir: string): Promise<number> {
  const rootfs = join(dir, "data/hello-rootfs");
  mkdirSync(rootfs, { recursive: true });
  writeFileSync(join(rootfs, "hello"), helloElf(process.arch as Arch, GREETING), { mode: 0o755 });
  const spec = defaultSpec();
  spec.root = { path: rootfs, readonly: true };
  Object.assign(spec.process ?? {}, { terminal: false, args: ["/hello"] });
  Object.assign(spec.linux ?? {}, { cgroupsPath: `/rt-demo-${process.pid}` });
  const started = performance.now();
  await using runc = compose({ root: join(dir, "data/runc") });
  const id = "hello";
  const launched = await runc.create({ id, bundle: dir, spec });
  await runc.start({ id });
  await launched.exited;
  await runc.delete({ id });
  return performance.now() - started;
}

/** Imports a shell image as `busybox` where a static busybox is at hand; resolves with whether it was. */
export async function importShell(engine: Engine): Promise<boolean> {
  const path = ["/bin/busybox", "/usr/bin/busybox"].find((p) => existsSync(p));
  if (path === undefined) return false;
  const applets = execFileSync(path, ["--list"], { encoding: "utf8" }).trim().split("\n");
  await importImage(engine, "busybox", busyboxEntries(path, applets), "sh");
  return true;
}

async function importImage(
  engine: Engine,
  name: string,
  entries: readonly Entry[],
  command: string,
): Promise<void> {
  const changes = [`CMD ["${command}"]`];
  for await (const message of engine.images.import(imageTar(entries), { repo: name, changes }))
    if (message.error !== undefined) throw new Error(`cannot import ${name}: ${message.error}`);
}

/** `docker run --rm` by the Engine API: create, attach, start, wait, remove. */
export async function runOnce(
  engine: Engine,
  image: string,
  command: readonly string[],
  network: string,
  seen: (what: string) => void = () => undefined,
): Promise<RunReport> {
  const callMs: Record<string, number> = {};
  const timed = async <T>(name: string, work: Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work;
    callMs[name] = performance.now() - started;
    seen(`${name} has answered`);
    return result;
  };
  const started = performance.now();
  const config = {
    Image: image,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: { NetworkMode: network },
  };
  const cmd = command.length > 0 ? { Cmd: [...command] } : {};
  const { Id } = await timed("create", engine.containers.create({ ...config, ...cmd }));
  const attached = await engine.containers.attach(Id, { stdout: true, stderr: true, stream: true });
  const output = collect(attached.output);
  const waiting = await engine.containers.wait(Id, { condition: "next-exit" });
  await timed("start", engine.containers.start(Id));
  const { StatusCode } = await timed("wait", waiting.result);
  const text = await output;
  await timed("remove", engine.containers.remove(Id, { force: true }));
  return { output: text, exitCode: StatusCode, totalMs: performance.now() - started, callMs };
}

async function collect(stream: AsyncIterable<OutputChunk>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const { data } of stream) text += decoder.decode(data, { stream: true });
  return text;
}

/** A pod of `containers` through CRI; resolves with their logs in CRI format. The pod is removed again. */
export async function runPod(
  cri: CriRuntime,
  logDirectory: string,
  containers: readonly PodContainer[],
): Promise<PodReport> {
  const config = {
    metadata: { name: "demo", namespace: "default", uid: `uid-${process.pid}`, attempt: 0 },
    logDirectory,
    linux: {},
  };
  const started = performance.now();
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config });
  const sandboxMs = performance.now() - started;
  try {
    const reports: PodContainerReport[] = [];
    for (const c of containers) {
      const { containerId } = await cri.runtime.createContainer({
        podSandboxId,
        sandboxConfig: config,
        config: {
          metadata: { name: c.name, attempt: 0 },
          image: { image: c.image },
          command: [...c.command],
          logPath: `${c.name}.log`,
          linux: {},
        },
      });
      const before = performance.now();
      await cri.runtime.startContainer({ containerId });
      const exitCode = await exitOf(cri, containerId);
      const containerMs = performance.now() - before;
      const log = await readWhole(join(logDirectory, `${c.name}.log`));
      reports.push({ name: c.name, exitCode, log, containerMs });
    }
    return { sandboxMs, containers: reports };
  } finally {
    await cri.runtime.stopPodSandbox({ podSandboxId });
    await cri.runtime.removePodSandbox({ podSandboxId });
  }
}

/** A container of {@linkcode runPod}; it must end by itself. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
}

/** How one container of a pod went. */
export interface PodContainerReport {
  readonly name: string;
  readonly exitCode: number;
  /** Lines of its log, in CRI format. */
  readonly log: string;
  /** From the start call to its exit. Milliseconds. */
  readonly containerMs: number;
}

/** How a pod went. */
export interface PodReport {
  /** Duration of RunPodSandbox. Milliseconds. */
  readonly sandboxMs: number;
  readonly containers: readonly PodContainerReport[];
}

/** Polls ContainerStatus, as a kubelet does, until the container has exited. */
async function exitOf(cri: CriRuntime, containerId: string): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const { status } = await cri.runtime.containerStatus({ containerId });
    if (status?.state === ContainerState.CONTAINER_EXITED) return status.exitCode;
    await sleep(10);
  }
  throw new Error(`container ${containerId} does not end`);
}

/** The file's text once it ends in a line; logs are written behind the container's back. */
async function readWhole(path: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (text.endsWith("\n")) return text;
    await sleep(10);
  }
  throw new Error(`nothing was logged to ${path}`);
}
