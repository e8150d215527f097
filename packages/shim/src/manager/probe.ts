/**
 * Probe: whether a task service answers at a socket.
 *
 * A connection alone proves nothing, since the kernel accepts it for a service that is about to leave; so one call
 * is made. The bytes are written by hand: this is what every `start` with a running service does, and it is to cost
 * nothing but the engine's own start.
 *
 * @module
 */
import { connect } from "node:net";

/** `containerd.task.v2.Task/Connect` with an empty request, on stream 1. */
function connectFrame(): Uint8Array {
  const service = new TextEncoder().encode("containerd.task.v2.Task");
  const method = new TextEncoder().encode("Connect");
  const length = 4 + service.length + method.length;
  const data = [0x0a, service.length, ...service, 0x12, method.length, ...method];
  return Uint8Array.from([0, 0, 0, length, 0, 0, 0, 1, 1, 0, ...data]);
}

/** Whether a service at the socket `path` answers within `timeoutMs`. */
export function answers(path: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (alive: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(alive);
    };
    const timer = setTimeout(done, timeoutMs, false);
    socket.on("connect", () => socket.write(connectFrame()));
    socket.on("data", () => done(true));
    socket.on("error", () => done(false));
    socket.on("close", () => done(false));
  });
}
