/**
 * Listens for the Engine API where the configuration says.
 *
 * A unix socket is made in a directory that only we can enter and then moved, so that it is never open to others,
 * not even for a moment.
 *
 * @module
 */
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { InvalidParameterError, RtError } from "../errors.ts";
import type { Logger } from "../oci.ts";

/** Something that listens. */
export interface Listener extends AsyncDisposable {
  readonly address: string;
}

/** Whether somebody answers at a socket. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Listens on a unix socket. */
async function listenUnix(server: Server, path: string): Promise<void> {
  if (await isAlive(path))
    throw new RtError("CONFLICT", `cannot listen on ${path}: another engine listens there`);
  await mkdir(dirname(path), { recursive: true, mode: 0o711 });
  const hidden = await mkdtemp(join(dirname(path), ".rt-"));
  try {
    const temporary = join(hidden, basename(path));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(temporary, resolve);
    });
    await chmod(temporary, 0o600);
    await rename(temporary, path);
  } finally {
    await rm(hidden, { recursive: true, force: true });
  }
}

/** Makes `server` listen at `address` (`unix:///path` or `tcp://host:port`). */
export async function listen(
  server: Server,
  address: string,
  options: { readonly log: Logger },
): Promise<Listener> {
  if (address.startsWith("unix://")) {
    const path = address.slice("unix://".length);
    await listenUnix(server, path);
    options.log.info("API listen", { address });
    return {
      address,
      async [Symbol.asyncDispose]() {
        await rm(path, { force: true });
        await close(server);
      },
    };
  }
  const match = /^tcp:\/\/([^:/]*|\[[0-9a-f:]*\]):([0-9]+)$/.exec(address);
  if (match === null)
    throw new InvalidParameterError(`invalid bind address (${address}): expected unix:// or tcp://`);
  const host = match[1]!.replace(/^\[|\]$/g, "") || "127.0.0.1";
  options.log.warn("API listens on TCP without TLS: whoever reaches it has root on this host", { address });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(match[2]), host, resolve);
  });
  return { address, [Symbol.asyncDispose]: () => close(server) };
}

/** Ends all connections and the server. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
