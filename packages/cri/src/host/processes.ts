/**
 * Processes of the host, by pid. The engine cannot end an exec; we can, being on the same machine.
 *
 * @module
 */

/** Processes of the host. */
export interface Processes {
  /** Kills the process `pid`; nothing if it is gone. */
  kill(pid: number): void;
}

/** The real ones. */
export const hostProcesses: Processes = {
  kill(pid) {
    if (!Number.isInteger(pid) || pid <= 1) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
    }
  },
};
