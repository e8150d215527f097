/**
 * Waiting for a condition of the outside world with a deadline.
 *
 * @module
 */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Resolves when `condition` holds; looks every 20 ms.
 *
 * @throws {Error} after `timeoutMs`, naming `what`.
 */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(20);
  }
}

/** Whether something accepts connections on the unix socket at `path`. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
