/**
 * Unix sockets: dialling and listening without ever being open to others, not even for a moment.
 *
 * Source: unix(7): a path has at most 107 bytes before its terminating zero; connect needs write permission.
 *
 * @module
 */
import { chmodSync, linkSync, mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { createServer, connect as netConnect, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { codeOfErrno, RtError } from "@rt/runc/oci";

/** Greatest length of a unix socket's path. Bytes. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** The path in an address: `unix:///run/x.sock`, `unix:/run/x.sock`, `ttrpc+unix:///run/x.sock` or a bare path. */
export function socketPath(address: string): string {
  const at = address.indexOf("unix:");
  if (at < 0) return address;
  const path = address.slice(at + "unix:".length);
  return path.startsWith("//") ? path.slice(2) : path;
}

/** @throws {RtError} `INVALID_ARGUMENT` if `path` is too long for a unix socket. */
function checkLength(verb: string, path: string): void {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
    throw new RtError(
      "INVALID_ARGUMENT",
      `cannot ${verb} ${path}: unix socket path has more than ${MAX_SOCKET_PATH_BYTES} bytes`,
    );
}

/** The error for a failed socket operation. */
function socketError(verb: string, path: string, err: NodeJS.ErrnoException): RtError {
  const code =
    err.code === "ENOENT" || err.code === "ECONNREFUSED" ? "UNAVAILABLE" : codeOfErrno(err.code ?? "");
  return new RtError(code, `cannot ${verb} ${path}: ${err.code ?? err.message}`, { cause: err });
}

/**
 * Connects to the unix socket of `address`.
 *
 * @throws {RtError} `UNAVAILABLE` if nobody listens there.
 */
export async function dialUnix(
  address: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Socket> {
  const path = socketPath(address);
  checkLength("connect to", path);
  options.signal?.throwIfAborted();
  const socket = netConnect({ path });
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      socket.destroy();
      reject(options.signal?.reason);
    };
    options.signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => {
      options.signal?.removeEventListener("abort", onAbort);
      socket.removeAllListeners("error");
      resolve();
    });
    socket.once("error", (err) => {
      options.signal?.removeEventListener("abort", onAbort);
      reject(socketError("connect to", path, err));
    });
  });
  return socket;
}

/**
 * Listens on the unix socket `path`, mode 0600 from its birth; `onConnection` gets each connection.
 *
 * The socket is born in a directory that only we can enter and gets its name when it is closed to others. (A umask
 * would do too, but it is the whole process's, and workers have none.)
 * @throws {RtError} `FAILED_PRECONDITION` if there is something at `path`.
 */
export async function listenUnix(path: string, onConnection: (socket: Socket) => void): Promise<Server> {
  checkLength("listen on", path);
  const nursery = mkdtempSync(join(dirname(path), ".rt-"));
  const born = join(nursery, "s");
  const server = createServer(onConnection);
  try {
    checkLength("listen on", born);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path: born }, resolve);
    });
    chmodSync(born, 0o600);
    linkSync(born, path);
    return server;
  } catch (err) {
    server.close();
    const { code } = err as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw err instanceof RtError ? err : socketError("listen on", path, err as Error);
    throw new RtError("FAILED_PRECONDITION", `cannot listen on ${path}: address in use`, { cause: err });
  } finally {
    rmSync(nursery, { recursive: true, force: true });
  }
}

/** Removes a socket's file; it may be gone already. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") throw err;
  }
}
