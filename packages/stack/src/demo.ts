/**
 * The steps of the demo: each runs something real through the stack and says what it saw.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Engine, OutputChunk } from "@rt/dockerd/api";
import { type Arch, helloElf } from "@rt/dockerd/kernel";
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
): Promise<RunReport> {
  const callMs: Record<string, number> = {};
  const timed = async <T>(name: string, work: Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work;
    callMs[name] = performance.now() - started;
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
