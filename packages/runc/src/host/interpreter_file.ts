/**
 * The interpreter as something that can be executed and that nobody can change.
 *
 * A process that joins a container may be reached from there by /proc/PID/exe (CVE-2019-5736). So its file is a
 * memfd sealed against writing: made once by a first, short-lived process, checked byte by byte, and held open by
 * this process. Where memfds cannot be executed, each launch gets a private copy that no other launch uses.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import process from "node:process";
import { LaunchError } from "../errors.ts";
import type { Arch } from "../launch/encode.ts";
import type { Program } from "../launch/program.ts";
import { ProgramBuilder } from "../launch/program.ts";
import type { Launch } from "./kernel.ts";
import { inFirstDirectory, openUnlinkedFile } from "./private_file.ts";

/** A path to execute, good until it is released. */
export interface InterpreterPath {
  /** Path under /proc of this process. */
  readonly path: string;
  /** Call when the process has been started. */
  release(): void;
}

const PATH_TAG = 1;
const [F_ADD_SEALS, ALL_SEALS] = [1033, 0x0f];
const [MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_EXEC] = [1, 2, 0x10];
const AT_FDCWD = -100;
const O_CLOEXEC = 0x80000;

/** The architecture of this process. @throws {LaunchError} `NOT_IMPLEMENTED` where there is no interpreter. */
export function hostArch(): Arch {
  const { arch, platform } = process;
  if (platform === "linux" && (arch === "x64" || arch === "arm64")) return arch;
  throw new LaunchError("NOT_IMPLEMENTED", `cannot run launch programs on ${platform} ${arch}`);
}

/** A private copy, for one launch. */
export function privateInterpreter(elf: Uint8Array, directories: readonly string[]): InterpreterPath {
  const fd = inFirstDirectory(directories, (directory) => openUnlinkedFile(directory, elf, 0o700));
  return { path: `/proc/${process.pid}/fd/${fd}`, release: () => closeSync(fd) };
}

/** The program that makes the sealed copy, reports its fd, and stays until its stdin ends. */
export function sealProgram(elf: Uint8Array): Program {
  // Dumpable, or nobody but root could open its descriptor.
  const p = new ProgramBuilder({ dumpable: true });
  const [fd, oldKernel, made] = [p.slot(), p.label(), p.label()];
  const name = p.cstring("rt-interpreter");
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  p.sys("memfd_create", [name, flags | MFD_EXEC], {
    into: fd,
    onErrno: { errnos: ["EINVAL"], goto: oldKernel },
  });
  p.jump(made);
  p.place(oldKernel);
  p.sys("memfd_create", [name, flags], { into: fd });
  p.place(made);
  p.sys("write", [fd, p.bytes(elf), elf.length], { name: "write sealed interpreter" });
  p.sys("fcntl", [fd, F_ADD_SEALS, ALL_SEALS], { name: "seal interpreter" });
  // A memfd that is open for writing cannot be executed.
  const prefix = "/proc/self/fd/";
  const path = p.bss(64);
  p.copy(path, p.cstring(prefix), prefix.length);
  p.formatDecimal(fd, path.at(prefix.length));
  const readOnly = p.sys("openat", [AT_FDCWD, path, O_CLOEXEC, 0], { name: "reopen sealed interpreter" });
  p.sys("close", [fd]);
  p.value(PATH_TAG, readOnly);
  p.sys("read", [0, path, 1]);
  p.exit(0);
  return p.build();
}

/** Opens the sealed copy that `launch`, of {@linkcode sealProgram}, holds; undefined if it is not what it must be. */
export async function openSealedInterpreter(launch: Launch, elf: Uint8Array): Promise<number | undefined> {
  try {
    for await (const record of launch.records) {
      if (record.kind !== "value" || record.tag !== PATH_TAG) return undefined;
      const fd = openSync(`/proc/${launch.pid}/fd/${record.value}`, "r");
      if (holds(fd, elf)) return fd;
      closeSync(fd);
      return undefined;
    }
  } catch {
    // The private copies are the way out.
  } finally {
    await launch.stdio[0]?.close().catch(() => {});
  }
  return undefined;
}

function holds(fd: number, expected: Uint8Array): boolean {
  const found = new Uint8Array(expected.length);
  if (fstatSync(fd).size !== expected.length || readSync(fd, found, 0, found.length, 0) !== found.length)
    return false;
  return Buffer.compare(found, expected) === 0;
}
