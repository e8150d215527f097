/**
 * Boots a machine, runs one command in it and brings back its output and exit status.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import type { DebianArch } from "./debian.ts";
import { buildInitramfs } from "./initramfs.ts";
import { debianKernel } from "./kernel.ts";
import { type Machine, qemuArguments, type SharedFolder } from "./machine.ts";
import { type MarkerReader, markerReader } from "./markers.ts";
import { foreignRoot, hostRoot } from "./roots.ts";

/** Why a machine gave no exit status. */
export class VmError extends Error {
  override readonly name = "VmError";
}

/** What to run where. */
export interface VmRequest {
  readonly machine: Machine;
  readonly command: readonly string[];
  /** The repository, which the guest sees at the same path. */
  readonly repository: string;
  /** Working directory of the command. */
  readonly cwd: string;
  /** Environment of the command, in addition to PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where packages and images are kept. */
  readonly cacheDir: string;
  /** How long all of it may take. Milliseconds. */
  readonly timeoutMs: number;
  /** Receives the command's output as it comes. */
  readonly onOutput: (text: string) => void;
}

/** What came back. */
export interface VmResult {
  /** Exit status of the command. */
  readonly status: number;
  /** Time from kernel start to the command, as the guest's clock has it. Milliseconds. */
  readonly bootMs: number;
  /** Time from the start of qemu to its end. Milliseconds. */
  readonly wallMs: number;
}

const HOST_ARCH: DebianArch = process.arch === "arm64" ? "arm64" : "amd64";
const GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/.vm/bin";

/** Files of /etc that programs of the shared /usr look for. */
const ETC: readonly string[] = [
  "passwd",
  "group",
  "hosts",
  "hostname",
  "resolv.conf",
  "nsswitch.conf",
  "ld.so.cache",
  "alternatives",
  "protocols",
];

/**
 * Runs the command.
 *
 * @throws {VmError} if the machine does not start, ends without an exit status, or takes too long; the text has the
 * last lines of its console.
 */
export async function runInVm(request: VmRequest): Promise<VmResult> {
  const { machine, timeoutMs } = request;
  const kernel = await debianKernel(machine.arch, request.cacheDir);
  const dir = mkdtempSync(join(tmpdir(), "rt-vm-"));
  const nonce = `rt-vm-${randomBytes(8).toString("hex")}`;
  const root =
    machine.arch === HOST_ARCH
      ? hostRoot(request.repository)
      : await foreignRoot(machine.arch, request.repository, request.cacheDir);
  const modules = `/usr/lib/modules/${kernel.release}`;
  const folders: SharedFolder[] = [
    { tag: "repository", source: request.repository, target: request.repository },
    ...root.folders,
    { tag: "modules", source: kernel.modules, target: modules },
  ];
  try {
    const start = {
      kernel: kernel.image,
      initramfs: join(dir, "initramfs"),
      consoleLog: join(dir, "console.log"),
      folders,
    };
    const guest = {
      nonce,
      init: machine.init,
      command: request.command,
      cwd: request.cwd,
      env: { PATH: `${root.enginePath}:${GUEST_PATH}`, ...request.env },
      limitSeconds: Math.ceil(timeoutMs / 1000) + 10,
      folders: Object.fromEntries(folders.map(({ tag, target }) => [tag, target])),
      etc: ETC.filter((name) => existsSync(join("/etc", name))),
    };
    writeFileSync(start.initramfs, buildInitramfs(kernel, root.busybox, guest));
    return await boot(machine, qemuArguments(machine, start), {
      ...request,
      nonce,
      consoleLog: start.consoleLog,
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Boot {
  readonly nonce: string;
  readonly consoleLog: string;
  readonly timeoutMs: number;
  readonly onOutput: (text: string) => void;
}

async function boot(machine: Machine, args: readonly string[], options: Boot): Promise<VmResult> {
  const started = performance.now();
  const child = spawn(machine.qemu, args, { stdio: ["pipe", "pipe", "pipe"] });
  const reader: MarkerReader = markerReader(options.nonce);
  let problem = "";
  let errors = "";
  const timer = setTimeout(() => {
    problem = `not done after ${options.timeoutMs} ms`;
    child.kill("SIGKILL");
  }, options.timeoutMs);
  child.once("spawn", () => setPriority(child.pid!, 19));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk));
  child.stdout.on("data", (chunk: Buffer) => {
    const text = reader.push(chunk);
    if (text !== "") options.onOutput(text);
    if (reader.status !== undefined) child.kill("SIGTERM");
  });
  const stop = (): boolean => child.kill("SIGKILL");
  process.once("exit", stop);
  try {
    await new Promise<void>((resolve) => {
      child.once("error", (err) => {
        problem = err.message;
        resolve();
      });
      child.once("close", () => resolve());
    });
  } finally {
    clearTimeout(timer);
    process.off("exit", stop);
  }
  options.onOutput(reader.end());
  const { status, bootMs } = reader;
  if (status === undefined || bootMs === undefined) {
    const log = existsSync(options.consoleLog) ? readFileSync(options.consoleLog, "utf8") : "";
    const reason = problem || "it ended without an exit status";
    const tail = [errors.trim(), ...log.trim().split("\n").slice(-30)].join("\n");
    throw new VmError(`cannot run command in ${machine.name}: ${reason}\n${tail}`);
  }
  return { status, bootMs, wallMs: Math.round(performance.now() - started) };
}
