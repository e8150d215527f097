/**
 * Bundles and stdio for tests that run real containers: a rootfs of one static busybox, FIFOs as containerd makes them.
 *
 * @module
 */
import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  type FifoReader,
  type FifoWriter,
  makeFifo,
  openFifoReader,
  openFifoWriter,
  spawnKernel,
} from "@rt/runc/kernel";
import type { Stdio } from "../api/task_service.ts";

/** What a test container is to be. */
export interface BundleRequest {
  readonly id: string;
  /** Directory of the bundle; its parent is made. */
  readonly directory: string;
  readonly args: readonly string[];
  readonly terminal?: boolean;
  /** Limit of its memory. Bytes. @default {none} */
  readonly memoryBytes?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Path of a static busybox. @default {"/usr/bin/busybox"} */
  readonly busybox?: string;
}

const APPLETS = ["tr", "sh", "cat", "sleep", "echo", "true", "stty", "dd", "ps", "kill", "tail", "head"];

/** Makes a bundle: config.json and a rootfs with a few commands. */
export function makeBundle(request: BundleRequest): void {
  const { id, directory, args, terminal = false, annotations = {}, memoryBytes } = request;
  const rootfs = join(directory, "rootfs");
  mkdirSync(dirname(directory), { recursive: true, mode: 0o711 });
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  for (const name of ["bin", "proc", "dev", "sys", "tmp"]) mkdirSync(join(rootfs, name), { recursive: true });
  rmSync(join(rootfs, "bin/busybox"), { force: true });
  copyFileSync(request.busybox ?? "/usr/bin/busybox", join(rootfs, "bin/busybox"));
  for (const name of APPLETS) {
    rmSync(join(rootfs, "bin", name), { force: true });
    symlinkSync("busybox", join(rootfs, "bin", name));
  }
  const mount = (destination: string, type: string, options: readonly string[]): object => ({
    destination,
    type,
    source: type,
    options,
  });
  const config = {
    ociVersion: "1.0.2",
    process: {
      terminal,
      user: { uid: 0, gid: 0 },
      args,
      env: ["PATH=/bin", "TERM=xterm"],
      cwd: "/",
      noNewPrivileges: true,
    },
    root: { path: "rootfs" },
    hostname: "rt-test",
    annotations,
    mounts: [
      mount("/proc", "proc", ["nosuid", "noexec", "nodev"]),
      mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
      mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
    ],
    linux: {
      cgroupsPath: `/rt-shim-suite/${id}`,
      namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        ...(memoryBytes === undefined ? {} : { memory: { limit: memoryBytes, swap: memoryBytes } }),
      },
    },
  };
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
}

/** Removes the parent cgroups that the runtimes have made for test containers, where they are empty. */
export function removeTestCgroups(): void {
  for (const controller of readdirSync("/sys/fs/cgroup")) {
    try {
      rmdirSync(join("/sys/fs/cgroup", controller, "rt-shim-suite"));
    } catch {
      // There is none, or another container is in it.
    }
  }
  try {
    rmdirSync("/sys/fs/cgroup/rt-shim-suite");
  } catch {
    // As above, on a pure cgroup v2 machine.
  }
}

/** The far ends of a process's stdio, as containerd's client holds them. */
export class TestIo implements AsyncDisposable {
  readonly stdio: Stdio;
  readonly #placeholders: number[];
  readonly #readers: FifoReader[] = [];
  #writer: FifoWriter | undefined;

  private constructor(stdio: Stdio, placeholders: number[]) {
    this.stdio = stdio;
    this.#placeholders = placeholders;
  }

  /** Makes the FIFOs `<prefix>-stdin` and so on; both ends of the outputs are held until `attach`. */
  static async make(prefix: string, terminal: boolean = false): Promise<TestIo> {
    await using kernel = spawnKernel();
    const names = terminal ? ["stdin", "stdout"] : ["stdin", "stdout", "stderr"];
    for (const name of names) {
      rmSync(`${prefix}-${name}`, { force: true });
      await makeFifo(kernel, `${prefix}-${name}`);
    }
    const stderr = terminal ? "" : `${prefix}-stderr`;
    const stdio = { stdin: `${prefix}-stdin`, stdout: `${prefix}-stdout`, stderr, terminal };
    const outputs = terminal ? [stdio.stdout] : [stdio.stdout, stdio.stderr];
    return new TestIo(
      stdio,
      outputs.map((path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK)),
    );
  }

  /** To be called once the shim holds the FIFOs: reads what comes until their end. */
  async attach(): Promise<{ readonly stdout: Promise<string>; readonly stderr: Promise<string> }> {
    const read = async (path: string): Promise<string> => {
      if (path === "") return "";
      const reader = openFifoReader(path);
      this.#readers.push(reader);
      const chunks: Uint8Array[] = [];
      for await (const chunk of reader) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    const output = { stdout: read(this.stdio.stdout), stderr: read(this.stdio.stderr) };
    for (const fd of this.#placeholders.splice(0)) closeSync(fd);
    return output;
  }

  /** Writes to standard input. */
  async write(text: string): Promise<void> {
    this.#writer ??= openFifoWriter(this.stdio.stdin);
    await this.#writer.write(new TextEncoder().encode(text));
  }

  /** Closes our end of standard input. */
  async closeInput(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
  }

  /** Closes all our ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeInput();
    for (const fd of this.#placeholders.splice(0)) closeSync(fd);
    for (const reader of this.#readers) await reader.close();
  }
}
