/**
 * Challenges: what `WWW-Authenticate` asks for.
 *
 * `Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull"`
 *
 * Source: RFC 9110 section 11.6.1; distribution `docs/spec/auth/token.md`.
 *
 * @module
 */

/** One challenge. */
export interface Challenge {
  /** Scheme in lower case, e.g. `bearer`. */
  readonly scheme: string;
  /** Parameters by their name in lower case, e.g. `realm`. */
  readonly parameters: Readonly<Record<string, string>>;
}

const TEXT_MAX_CHARS = 16_384;
const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";

/**
 * The challenges of a `WWW-Authenticate` header, in their order; what cannot be read ends the list.
 *
 * @example
 * ```ts
 * import { parseChallenges } from "@rt/oci-spec";
 * const [bearer] = parseChallenges('Bearer realm="https://a/token",service="r"');
 * if (bearer?.parameters.realm !== "https://a/token") throw new Error("no realm");
 * ```
 */
export function parseChallenges(header: string | null | undefined): Challenge[] {
  if (!header || header.length > TEXT_MAX_CHARS) return [];
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const scan = new RegExp(
    `[\\s,]*(${token})(?:\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))|(?=\\s|,|$))`,
    "y",
  );
  for (let match = scan.exec(header); match !== null; match = scan.exec(header)) {
    const [, name, quoted, bare] = match;
    const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1");
    if (value === undefined)
      challenges.push({ scheme: name!.toLowerCase(), parameters: Object.create(null) });
    else if (challenges.length > 0) challenges.at(-1)!.parameters[name!.toLowerCase()] = value;
    else break;
  }
  return challenges;
}
