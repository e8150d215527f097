/**
 * Authentication with registries: reads challenges, gets tokens, remembers them per host and scope.
 *
 * Source: distribution `docs/spec/auth/token.md` (GET) and `oauth.md` (POST); RFC 9110 section 11.6.1.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { RtError } from "../oci.ts";
import { parseFaults, RegistryError } from "./errors.ts";
import { type Connection, type HttpClient, readBody } from "./http.ts";

/** What a user has for a registry. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  /** OAuth2 refresh token (`docker login` with a token). */
  readonly identityToken?: string;
  /** A bearer token, sent as it is. */
  readonly registryToken?: string;
}

/** A challenge from `www-authenticate`. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Longest answer of a token server. Bytes. */
const TOKEN_LIMIT = 1 << 20;

/** Reads one `www-authenticate` value; it may hold several challenges. */
export function parseChallenges(header: string): Challenge[] {
  const out: { scheme: string; parameters: Record<string, string> }[] = [];
  const token =
    /\s*,?\s*(?:([A-Za-z0-9_.~+/-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][A-Za-z0-9_-]*))/y;
  for (let match = token.exec(header); match !== null; match = token.exec(header)) {
    const [, key, quoted, plain, scheme] = match;
    if (scheme !== undefined) out.push({ scheme: scheme.toLowerCase(), parameters: {} });
    else if (key !== undefined) {
      const value = quoted === undefined ? (plain ?? "") : quoted.replace(/\\(.)/g, "$1");
      const last = out.at(-1);
      if (last !== undefined) last.parameters[key.toLowerCase()] = value;
    }
  }
  return out;
}

/** What the authorizer needs to know about the host it speaks for. */
export interface AuthHost {
  /** Host with port, as credentials are kept under. */
  readonly name: string;
  readonly connection: Connection;
  /** Whether tokens may be fetched over plain HTTP: only where the registry itself is. */
  readonly insecure: boolean;
}

/** Makes `authorization` headers. */
export class Authorizer {
  readonly #http: HttpClient;
  readonly #credentials: (host: string) => Promise<Credentials | undefined> | Credentials | undefined;
  readonly #tokens = new Map<string, { readonly header: string; readonly expires: number }>();
  readonly #schemes = new Map<string, Challenge>();

  constructor(
    http: HttpClient,
    credentials: (host: string) => Promise<Credentials | undefined> | Credentials | undefined = () =>
      undefined,
  ) {
    this.#http = http;
    this.#credentials = credentials;
  }

  /** The header for `scope` at `host` if an earlier answer showed how to get one. */
  async header(host: AuthHost, scope: string, signal?: AbortSignal): Promise<string | undefined> {
    const challenge = this.#schemes.get(host.name);
    if (challenge === undefined) {
      const token = (await this.#credentials(host.name))?.registryToken;
      return token === undefined ? undefined : `Bearer ${token}`;
    }
    return await this.#answer(host, challenge, scope, signal);
  }

  /**
   * Takes up the challenges of a 401 answer to a request that carried `sent`; true if it is worth trying again.
   *
   * @throws {RegistryError} If the token server refuses.
   */
  async challenged(
    host: AuthHost,
    challenges: readonly string[],
    scope: string,
    sent: string | undefined,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const offered = challenges.flatMap(parseChallenges);
    const challenge = offered.find((c) => c.scheme === "bearer") ?? offered.find((c) => c.scheme === "basic");
    if (challenge === undefined) return false;
    this.#schemes.set(host.name, challenge);
    this.#tokens.delete(tokenKey(host.name, scope));
    // The same password again will not help; a request that ran beside the first one has not carried it yet.
    if (challenge.scheme === "basic" && sent !== undefined) return false;
    return (await this.#answer(host, challenge, scope, signal)) !== undefined;
  }

  async #answer(
    host: AuthHost,
    challenge: Challenge,
    scope: string,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const credentials = await this.#credentials(host.name);
    if (challenge.scheme === "basic") {
      return credentials?.username === undefined ? undefined : basic(credentials);
    }
    if (credentials?.registryToken !== undefined) return `Bearer ${credentials.registryToken}`;
    const key = tokenKey(host.name, scope);
    const cached = this.#tokens.get(key);
    if (cached !== undefined && cached.expires > Date.now()) return cached.header;
    const { token, expiresInS } = await this.#token(host, challenge, scope, credentials, signal);
    const header = `Bearer ${token}`;
    // A little early, so that a token does not run out on its way.
    this.#tokens.set(key, { header, expires: Date.now() + Math.max(expiresInS - 10, 5) * 1000 });
    return header;
  }

  async #token(
    host: AuthHost,
    challenge: Challenge,
    scope: string,
    credentials: Credentials | undefined,
    signal?: AbortSignal,
  ): Promise<{ token: string; expiresInS: number }> {
    const { realm = "", service = "" } = challenge.parameters;
    if (!URL.canParse(realm)) {
      throw new RtError(
        "FAILED_PRECONDITION",
        `cannot get a token for ${host.name}: no realm in the challenge`,
      );
    }
    const url = new URL(realm);
    if (url.protocol !== "https:" && !host.insecure) {
      throw new RtError(
        "PERMISSION_DENIED",
        `cannot get a token for ${host.name}: ${url.origin} is not secure`,
      );
    }
    const fields: [string, string][] = [
      ...(service === "" ? [] : [["service", service] as [string, string]]),
      ...(scope === "" ? [] : scope.split(" ").map((s): [string, string] => ["scope", s])),
    ];
    if (credentials?.identityToken !== undefined) {
      return await this.#post(host, url, fields, credentials.identityToken, signal);
    }
    for (const [name, value] of fields) url.searchParams.append(name, value);
    if (credentials?.username !== undefined) url.searchParams.set("account", credentials.username);
    const authorization = credentials?.username === undefined ? {} : { authorization: basic(credentials) };
    const headers = { ...authorization, accept: "application/json" };
    return await this.#read(
      url,
      await this.#http.send({ method: "GET", url, headers }, connectionTo(host, url), signal),
    );
  }

  async #post(
    host: AuthHost,
    url: URL,
    fields: readonly [string, string][],
    refreshToken: string,
    signal?: AbortSignal,
  ): Promise<{ token: string; expiresInS: number }> {
    const form = new URLSearchParams([
      ["grant_type", "refresh_token"],
      ["refresh_token", refreshToken],
      ["client_id", "rt-containerd"],
      ...fields.filter(([name]) => name !== "scope"),
      [
        "scope",
        fields
          .filter(([name]) => name === "scope")
          .map(([, value]) => value)
          .join(" "),
      ],
    ]);
    const body = Buffer.from(form.toString());
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      "content-length": String(body.length),
      accept: "application/json",
    };
    return await this.#read(
      url,
      await this.#http.send({ method: "POST", url, headers, body }, connectionTo(host, url), signal),
    );
  }

  async #read(
    url: URL,
    res: Awaited<ReturnType<HttpClient["send"]>>,
  ): Promise<{ token: string; expiresInS: number }> {
    const body = await readBody(res, TOKEN_LIMIT);
    const what = `cannot get a token from ${url.origin}${url.pathname}`;
    if (res.status !== 200) throw new RegistryError(what, res.status, parseFaults(body));
    let json: Record<string, unknown>;
    try {
      json = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    } catch (cause) {
      throw new RtError("UNKNOWN", `${what}: the answer is not JSON`, { cause });
    }
    const token = json.token ?? json.access_token;
    if (typeof token !== "string" || token === "")
      throw new RtError("UNKNOWN", `${what}: no token in the answer`);
    const expires = Number(json.expires_in);
    return { token, expiresInS: Number.isFinite(expires) && expires > 0 ? expires : 60 };
  }
}

function tokenKey(host: string, scope: string): string {
  return `${host} ${scope}`;
}

function basic({ username = "", password = "" }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** The registry's certificates count for a token server on the same host only. */
function connectionTo(host: AuthHost, url: URL): Connection {
  return url.host === host.name ? host.connection : {};
}
