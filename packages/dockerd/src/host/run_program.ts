/**
 * Runs a program of the host to its end.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { RtError } from "../errors.ts";

/** What a program wrote. */
export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `program`. @throws {RtError} `UNKNOWN` with its error output if it fails, `NOT_FOUND` if it is not there. */
export function runProgram(program: string, args: readonly string[]): Promise<ProgramOutput> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (err, stdout, stderr) => {
      if (err === null) resolve({ stdout, stderr });
      else if ((err as NodeJS.ErrnoException).code === "ENOENT") {
        reject(new RtError("NOT_FOUND", `cannot run ${program}: it is not installed`, { cause: err }));
      } else
        reject(
          new RtError("UNKNOWN", `cannot run ${program}: ${stderr.trim() || err.message}`, { cause: err }),
        );
    });
  });
}
