/**
 * Identifiers: names of namespaces, containers and execs, safe as one component of a path.
 *
 * Source: containerd pkg/identifiers/validate.go (grammar, limits and texts).
 *
 * @module
 */
import { FailedPreconditionError, InvalidArgumentError } from "../errors.ts";

const maxLength = 76;
const grammar = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;

/**
 * Checks an identifier.
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` with the peer's text; `clause` is put in front of it.
 */
export function validateIdentifier(id: string, clause = ""): void {
  const prefix = clause === "" ? "" : `${clause}: `;
  if (id.length === 0) throw new InvalidArgumentError(`${prefix}identifier must not be empty`);
  if (id.length > maxLength) {
    throw new InvalidArgumentError(
      `${prefix}identifier ${JSON.stringify(id)} greater than maximum length (${maxLength} characters)`,
    );
  }
  if (!grammar.test(id)) {
    throw new InvalidArgumentError(`${prefix}identifier ${JSON.stringify(id)} must match ${grammar.source}`);
  }
}

/** Checks the namespace of a call. @throws `FAILED_PRECONDITION` if there is none, `INVALID_ARGUMENT` if it is not valid. */
export function validateNamespace(namespace: string): string {
  if (namespace === "") throw new FailedPreconditionError("namespace is required");
  validateIdentifier(namespace, "namespace validation");
  return namespace;
}
