/**
 * Running another program to its end: what starting a foreign shim takes.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { codeOfErrno, RtError } from "@rt/runc/oci";

/** A program to be run. */
export interface ProgramRequest {
  /** Absolute path. */
  readonly path: string;
  readonly args: readonly string[];
  /** Working directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard input, whole. @default {empty} */
  readonly stdin?: Uint8Array;
  /** Ends the program by SIGKILL. */
  readonly signal?: AbortSignal;
}

/** What a program that ended has left. */
export interface ProgramResult {
  /** Exit code; 128 + signal if a signal ended it. */
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Finds a program by name in `pathList` (as PATH), or checks an absolute path; undefined if there is none. */
export function findProgram(name: string, pathList: string): string | undefined {
  const candidates = name.startsWith("/")
    ? [name]
    : pathList.split(delimiter).map((dir) => join(dir || ".", name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a program and waits until it has ended.
 *
 * Its descendants may keep its output open: what was written by the time it ended is what counts.
 *
 * @throws {RtError} with the class of the errno if it cannot be started; `CANCELED`.
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  const child = spawn(request.path, [...request.args], {
    cwd: request.cwd,
    env: { ...request.env },
    stdio: ["pipe", "pipe", "pipe"],
    killSignal: "SIGKILL",
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(request.stdin ?? new Uint8Array(0));
  const signals: Readonly<Record<string, number>> = {
    SIGKILL: 9,
    SIGTERM: 15,
    SIGINT: 2,
    SIGABRT: 6,
    SIGSEGV: 11,
  };
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", (err: NodeJS.ErrnoException) => {
      const why = err.code ?? err.message;
      const errorCode = err.name === "AbortError" ? "CANCELED" : codeOfErrno(why);
      reject(new RtError(errorCode, `cannot run ${request.path}: ${why}`, { cause: err }));
    });
    const done = (c: number | null, s: string | null): void => resolve(c ?? 128 + (signals[s ?? ""] ?? 0));
    child.once("close", done);
    child.once("exit", (c, s) => setTimeout(() => done(c, s), 200).unref());
  });
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(errors) };
}
