/**
 * A lock between processes that the kernel lets go of when its holder dies.
 *
 * No engine offers flock(2); SQLite's exclusive transactions are fcntl(2) locks on a file, and every engine has it.
 *
 * @module
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { RtError } from "@rt/runc/oci";

/**
 * Runs `work` while no other process holds the lock of `file`, which is made (mode 0600) and stays.
 *
 * @throws {RtError} `DEADLINE_EXCEEDED` if another holds it for longer than `timeoutMs`.
 */
export async function withLock<T>(file: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  closeSync(openSync(file, "a", 0o600));
  const db = new DatabaseSync(file);
  try {
    db.exec(`PRAGMA busy_timeout = ${timeoutMs}; PRAGMA journal_mode = MEMORY;`);
    try {
      db.exec("BEGIN EXCLUSIVE");
    } catch (err) {
      throw new RtError("DEADLINE_EXCEEDED", `cannot lock ${file}: ${(err as Error).message}`, {
        cause: err,
      });
    }
    return await work();
  } finally {
    db.close();
  }
}
