/**
 * A unix socket that is mode 0600 from the moment it can be reached.
 *
 * It is bound in a fresh directory that only we can enter, and renamed to its address; a socket that a dead daemon left
 * there is replaced in the same step.
 *
 * @module
 */
import { chmod, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import { InvalidRequestError } from "../errors.ts";

/** Longest path of a unix socket. Bytes; sun_path with its terminator is 108. */
const MAX_PATH_BYTES = 107;

/** Puts `server` on the socket `address`; disposing closes it and removes the socket, unless another has replaced it. */
export async function listenUnix(
  server: Pick<Server, "listen" | "close" | "once" | "off">,
  address: string,
): Promise<AsyncDisposable> {
  // The name in the fresh directory is longer than the address' own may be.
  const longest = Math.max(
    Buffer.byteLength(address),
    Buffer.byteLength(dirname(address)) + "/.sXXXXXX/s".length,
  );
  if (longest > MAX_PATH_BYTES) {
    throw new InvalidRequestError(`cannot listen on ${address}: path is longer than ${MAX_PATH_BYTES} bytes`);
  }
  await mkdir(dirname(address), { recursive: true, mode: 0o711 });
  const directory = await mkdtemp(join(dirname(address), ".s"));
  try {
    const path = join(directory, "s");
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
    await chmod(path, 0o600);
    await rename(path, address);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const { ino } = await stat(address);
  return {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      const now = await stat(address).catch(() => undefined);
      if (now?.ino === ino) await rm(address, { force: true });
    },
  };
}
