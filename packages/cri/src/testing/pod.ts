/**
 * A pod for one test case, removed when the case ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ContainerConfigSchema, PodSandboxConfigSchema } from "../api/gen/runtime/v1/api_pb.ts";
import { ContainerState, type ContainerStatus } from "../api/types.ts";
import { codeOf, type ErrorCode } from "../errors.ts";
import { parseLine } from "../logs/line.ts";
import type { CriUnderTest } from "./cri_suite.ts";

type PodInit = MessageInitShape<typeof PodSandboxConfigSchema>;
type ContainerInit = MessageInitShape<typeof ContainerConfigSchema>;

/** What commands printed. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const WAIT_MS = 20_000;
const POLL_MS = 20;
let counter = 0;

/** A running pod. */
export class TestPod implements AsyncDisposable {
  readonly #subject: CriUnderTest;
  /** What it was run with. */
  readonly config: PodInit;
  /** Its id. */
  readonly id: string;
  /** Directory of its logs. */
  readonly logDirectory: string;

  private constructor(subject: CriUnderTest, config: PodInit, id: string, logDirectory: string) {
    this.#subject = subject;
    this.config = config;
    this.id = id;
    this.logDirectory = logDirectory;
  }

  /** Runs a pod with a name of its own. */
  static async run(subject: CriUnderTest, config: PodInit = {}): Promise<TestPod> {
    const name = `rt-${process.pid}-${++counter}`;
    const logDirectory = join(subject.directory, name);
    const whole: PodInit = {
      metadata: { name, namespace: "rt-test", uid: `uid-${name}` },
      logDirectory,
      ...config,
    } as PodInit;
    const { podSandboxId } = await subject.cri.runtime.runPodSandbox({ config: whole });
    return new TestPod(subject, whole, podSandboxId, logDirectory);
  }

  /** Creates a container that runs `script` in a shell. */
  async create(name: string, script: string, config: ContainerInit = {}): Promise<string> {
    const { cri, image } = this.#subject;
    const { containerId } = await cri.runtime.createContainer({
      podSandboxId: this.id,
      sandboxConfig: this.config,
      config: {
        metadata: { name },
        image: { image },
        command: ["sh", "-c", script],
        logPath: `${name}.log`,
        ...config,
      } as ContainerInit,
    });
    return containerId;
  }

  /** Creates and starts a container that runs `script`. */
  async start(name: string, script: string, config: ContainerInit = {}): Promise<string> {
    const containerId = await this.create(name, script, config);
    await this.#subject.cri.runtime.startContainer({ containerId });
    return containerId;
  }

  /** Runs `script` in the container. */
  async exec(containerId: string, script: string): Promise<Ran> {
    const result = await this.#subject.cri.runtime.execSync({
      containerId,
      cmd: ["sh", "-c", script],
      timeout: 20n,
    });
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return { code: result.exitCode, stdout: text(result.stdout), stderr: text(result.stderr) };
  }

  /** Status of a container of the pod. */
  async status(containerId: string): Promise<ContainerStatus> {
    const { status } = await this.#subject.cri.runtime.containerStatus({ containerId });
    assert.ok(status);
    return status;
  }

  /** Status of the container after its end. */
  async ended(containerId: string): Promise<ContainerStatus> {
    return await eventually(async () => {
      const status = await this.status(containerId);
      return status.state === ContainerState.CONTAINER_EXITED ? status : undefined;
    });
  }

  /** Lines of a container's log file; fails if one is not in the CRI's format. */
  log(name: string): { stream: string; partial: boolean; text: string; time: string }[] {
    return readLog(join(this.logDirectory, `${name}.log`));
  }

  /** A directory of the host for the pod. */
  hostDirectory(name: string): string {
    const path = join(this.logDirectory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Removes the pod. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subject.cri.runtime.removePodSandbox({ podSandboxId: this.id });
  }
}

/** Lines of a log file; fails if one is not in the CRI's format. */
export function readLog(path: string): { stream: string; partial: boolean; text: string; time: string }[] {
  const lines = readFileSync(path, "utf8").split("\n");
  assert.equal(lines.pop(), "", "the last line has no newline");
  return lines.map((line) => parseLine(line) ?? assert.fail(`not in the CRI's format: ${line}`));
}

/** The first value that `attempt` finds. */
export async function eventually<T>(attempt: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const found = await attempt();
    if (found !== undefined) return found;
    if (Date.now() > deadline) assert.fail(`did not happen within ${WAIT_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** Fails unless `work` rejects with `code` and a text that matches. */
export async function rejects(work: Promise<unknown>, code: ErrorCode, text: RegExp): Promise<void> {
  const err = await work.then(
    () => assert.fail(`did not reject with ${code}`),
    (e: unknown) => e,
  );
  assert.equal(codeOf(err), code, `${err}`);
  assert.match((err as Error).message, text);
}
