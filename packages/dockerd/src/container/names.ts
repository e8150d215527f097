/**
 * Names of containers: the rule for given ones, and made-up ones.
 *
 * Source: moby `daemon/names.go`, `daemon/names/names.go`.
 *
 * @module
 */
import { randomBytes, randomInt } from "node:crypto";
import { InvalidParameterError } from "../errors.ts";
import { ADJECTIVES, SURNAMES } from "./name_words.ts";

/** The rule, as error texts quote it. */
export const NAME_RULE = "[a-zA-Z0-9][a-zA-Z0-9_.-]";

/** A fresh id: 64 hex digits, the first 12 of them not all decimal. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString("hex");
    if (!/^[0-9]{12}/.test(id)) return id;
  }
}

/** A made-up name; with a digit at the end from the second `attempt` on. */
export function randomName(attempt: number): string {
  const name = `${ADJECTIVES[randomInt(ADJECTIVES.length)]}_${SURNAMES[randomInt(SURNAMES.length)]}`;
  return attempt === 0 ? name : `${name}${randomInt(10)}`;
}

/**
 * A given name without its leading slash.
 *
 * @throws {InvalidParameterError} with Docker's text if it breaks the rule.
 */
export function checkName(name: string): string {
  const bare = name.startsWith("/") ? name.slice(1) : name;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(bare)) {
    throw new InvalidParameterError(`Invalid container name (${name}), only ${NAME_RULE} are allowed`);
  }
  return bare;
}
