/**
 * Pipes between a container's standard streams and ours, as real pipes (FIFOs), so that `/dev/stdout` can be opened
 * again inside the container.
 *
 * @module
 */
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProgramBuilder } from "../launch/program.ts";
import { type FifoReader, type FifoWriter, openFifoReader, openFifoWriter } from "./fifo.ts";
import { FifoProcess } from "./fifo_process.ts";
import type { Kernel } from "./kernel.ts";
import { run } from "./run.ts";

/** Our ends and the container's. */
export interface StdioPipes {
  readonly stdin: FifoWriter;
  readonly stdout: FifoReader;
  readonly stderr: FifoReader;
  /** Descriptors of this process for fds 0, 1 and 2 of the container. */
  readonly fds: readonly [number, number, number];
  /** Closes the container's ends here, once it has them. */
  release(): void;
}

/** Makes the three pipes. Their names are gone before this resolves. */
export async function openStdioPipes(kernel: Kernel): Promise<StdioPipes> {
  const directory = mkdtempSync(join(tmpdir(), "rt-stdio-"));
  const path = (name: string): string => join(directory, name);
  const held: number[] = [];
  const open = (name: string, flags: number): number => {
    const fd = openSync(path(name), flags);
    held.push(fd);
    return fd;
  };
  try {
    const p = new ProgramBuilder();
    for (const name of ["0", "1", "2"]) p.sys("mknodat", [-100, p.cstring(path(name)), 0o010600, 0]);
    p.exit(0);
    await run(kernel, p.build());
    // Held open for both while the ends are opened: nothing blocks, and no reader sees an early end.
    for (const name of ["0", "1", "2"]) open(name, constants.O_RDWR);
    const fds = [
      open("0", constants.O_RDONLY),
      open("1", constants.O_WRONLY),
      open("2", constants.O_WRONLY),
    ] as const;
    const stdin = openFifoWriter(path("0"));
    const [stdout, stderr] = [openFifoReader(path("1")), openFifoReader(path("2"))];
    for (const end of [stdin, stdout, stderr]) if (end instanceof FifoProcess) await end.opened;
    return { stdin, stdout, stderr, fds, release: () => held.splice(0).forEach((fd) => void closeSync(fd)) };
  } catch (err) {
    for (const fd of held) closeSync(fd);
    throw err;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
