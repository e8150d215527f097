/**
 * Seccomp profiles of a pod: the engine's default, none, or a file of the host.
 *
 * @module
 */
import { open } from "node:fs/promises";
import type { Profile } from "../convert/security_context.ts";
import { InvalidRequestError, messageOf } from "../errors.ts";

/** The longest profile that is read. Bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * The `SecurityOpt` for `profile`; a local one is read and handed over whole.
 *
 * @throws {InvalidRequestError} `INVALID_ARGUMENT` if it cannot be read or is not JSON.
 */
export async function seccompOption(profile: Profile): Promise<string[]> {
  switch (profile.kind) {
    case "default":
      return [];
    case "unconfined":
      return ["seccomp=unconfined"];
    case "local":
      return [`seccomp=${await readProfile(profile.ref)}`];
  }
}

async function readProfile(path: string): Promise<string> {
  if (!path.startsWith("/")) {
    throw new InvalidRequestError(
      `seccomp profile path must be absolute, but got relative path ${JSON.stringify(path)}`,
    );
  }
  try {
    await using file = await open(path, "r");
    const stat = await file.stat();
    if (!stat.isFile()) throw new InvalidRequestError("it is not a file");
    if (stat.size > MAX_BYTES) throw new InvalidRequestError(`it is longer than ${MAX_BYTES} bytes`);
    return JSON.stringify(JSON.parse(await file.readFile("utf8")));
  } catch (err) {
    throw new InvalidRequestError(`cannot load seccomp profile ${JSON.stringify(path)}: ${messageOf(err)}`, {
      cause: err,
    });
  }
}
