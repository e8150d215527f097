/**
 * Errors of registries in Docker's words.
 *
 * Source: moby `daemon/internal/distribution/errors.go` translatePullError.
 *
 * @module
 */
import { RegistryError, RegistryUnreachableError } from "@rt/containerd/errors";
import { causesOf, messageOf, NotFoundError, RtError } from "../errors.ts";

/** Code and text of a registry's answer, e.g. `manifest unknown: manifest unknown`. */
function said(err: RegistryError): string {
  const [fault] = err.faults;
  if (fault === undefined) return `unexpected status ${err.status}`;
  return `${fault.code.toLowerCase().replaceAll("_", " ")}: ${fault.message}`;
}

/** A connection that could not be made, in Go's words. */
function unreachable(err: RegistryUnreachableError): RtError {
  const url = /https?:\/\/[^/\s]+\/v2\//.exec(err.message)?.[0] ?? "";
  const texts = [...causesOf(err)].map(messageOf).join(" ");
  const refused = /ECONNREFUSED (\S+)/.exec(texts)?.[1];
  const unknown = /(ENOTFOUND|EAI_AGAIN) (\S+)/.exec(texts);
  let reason = err.message;
  if (refused !== undefined) reason = `dial tcp ${refused}: connect: connection refused`;
  else if (unknown !== null) {
    const why = unknown[1] === "ENOTFOUND" ? "no such host" : "Temporary failure in name resolution";
    reason = `dial tcp: lookup ${unknown[2]}: ${why}`;
  }
  const text = url === "" || reason === err.message ? reason : `Get "${url}": ${reason}`;
  return new RtError("UNKNOWN", text, { cause: err });
}

/** The error of a pull of `shown` (familiar name with tag) from repository `repository`. */
export function pullError(err: unknown, shown: string, repository: string): unknown {
  for (const cause of causesOf(err)) {
    if (cause instanceof RegistryUnreachableError) return unreachable(cause);
    if (!(cause instanceof RegistryError)) continue;
    const code = cause.faults[0]?.code ?? "";
    if (code === "MANIFEST_UNKNOWN" || (cause.status === 404 && code === "")) {
      const reason = code === "" ? "manifest unknown" : said(cause);
      return new NotFoundError(`manifest for ${shown} not found: ${reason}`, { cause: err });
    }
    if (
      ["DENIED", "UNAUTHORIZED", "NAME_UNKNOWN"].includes(code) ||
      cause.status === 401 ||
      cause.status === 403
    ) {
      return new NotFoundError(
        `pull access denied for ${repository}, repository does not exist or may require 'docker login': ${said(cause)}`,
        { cause: err },
      );
    }
    return new RtError(cause.code, said(cause), { cause: err });
  }
  return err;
}

/** The error of a push. */
export function pushError(err: unknown): unknown {
  for (const cause of causesOf(err)) {
    if (cause instanceof RegistryUnreachableError) return unreachable(cause);
    if (cause instanceof RegistryError) return new RtError(cause.code, said(cause), { cause: err });
  }
  return err;
}
