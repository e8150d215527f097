/**
 * Requests about one repository: tries the servers that stand for its registry, answers challenges, follows redirects.
 *
 * @module
 */
import type { Reference } from "../oci.ts";
import type { Authorizer } from "./auth.ts";
import { parseFaults, RegistryError, RegistryUnreachableError } from "./errors.ts";
import type { HostCapability, RegistryHost } from "./hosts.ts";
import { type HttpClient, type HttpRequest, type HttpResponse, readBody } from "./http.ts";

const MAX_REDIRECTS = 10;
const ERROR_BODY_LIMIT = 64 * 1024;

/** A request below `/v2/<name>/`. */
export interface RepositoryRequest {
  /** What the server must be good for. */
  readonly capability: HostCapability;
  readonly method: string;
  /** E.g. `manifests/latest`; an absolute URL is taken as it is (uploads). */
  readonly path: string | URL;
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the body anew for every try. */
  readonly body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  /** Repositories beside this one that the token must let us pull from. */
  readonly pullFrom?: readonly string[];
  /** Statuses that are not errors, beside 2xx. */
  readonly expected?: readonly number[];
  readonly signal?: AbortSignal;
}

/** An answer and where it came from. */
export interface RepositoryResponse extends HttpResponse {
  /** The URL that was asked, before redirects. */
  readonly url: URL;
}

/** A repository of a registry. */
export class Repository {
  readonly reference: Reference;
  readonly #http: HttpClient;
  readonly #authorizer: Authorizer;
  readonly #hosts: readonly RegistryHost[];
  readonly #headers: Readonly<Record<string, string>>;
  /** Servers that turned out to speak plain HTTP. */
  readonly #plain: Set<string>;

  constructor(
    reference: Reference,
    parts: {
      readonly http: HttpClient;
      readonly authorizer: Authorizer;
      readonly hosts: readonly RegistryHost[];
      readonly headers: Readonly<Record<string, string>>;
      readonly plain: Set<string>;
    },
  ) {
    this.reference = reference;
    this.#http = parts.http;
    this.#authorizer = parts.authorizer;
    this.#hosts = parts.hosts;
    this.#headers = parts.headers;
    this.#plain = parts.plain;
  }

  /**
   * Sends `request` to the first server that gives an expected answer; the caller reads or disposes the body.
   *
   * @throws {RegistryError} The last server's answer, or the first that is not "not found"; {@linkcode
   * RegistryUnreachableError} `UNAVAILABLE` if no server could be reached.
   */
  async send(request: RepositoryRequest): Promise<RepositoryResponse> {
    let failure: unknown;
    for (const host of this.#hosts) {
      if (!host.capabilities.includes(request.capability)) continue;
      try {
        return await this.#sendTo(host, request);
      } catch (err) {
        request.signal?.throwIfAborted();
        failure ??= err;
        // What a mirror does not have, or fails at, the next server may have.
        if (failure instanceof RegistryError && failure.status === 404) failure = err;
      }
    }
    throw (
      failure ??
      new RegistryUnreachableError(this.#what(request), { cause: "no registry host is capable of it" })
    );
  }

  async #sendTo(host: RegistryHost, request: RepositoryRequest): Promise<RepositoryResponse> {
    if (!host.fallBackToHttp || this.#plain.has(host.base)) return await this.#try(host, request);
    try {
      return await this.#try(host, request);
    } catch (err) {
      if (!(err instanceof RegistryUnreachableError)) throw err;
      request.signal?.throwIfAborted();
      this.#plain.add(host.base);
      try {
        return await this.#try(host, request);
      } catch (second) {
        if (second instanceof RegistryUnreachableError) this.#plain.delete(host.base);
        throw second;
      }
    }
  }

  async #try(host: RegistryHost, request: RepositoryRequest): Promise<RepositoryResponse> {
    const base = this.#plain.has(host.base) ? host.base.replace(/^https:/, "http:") : host.base;
    const url =
      request.path instanceof URL ? request.path : new URL(`${base}/${this.reference.path}/${request.path}`);
    for (const [name, value] of request.query ?? []) url.searchParams.append(name, value);
    if (host.mirror && !(request.path instanceof URL)) url.searchParams.append("ns", this.reference.domain);
    const own = new URL(base);
    const authHost = {
      name: host.mirror ? own.host : this.reference.domain,
      connection: host.connection,
      insecure: host.fallBackToHttp || own.protocol === "http:",
    };
    const scope = this.#scope(request);
    for (let attempt = 0; ; attempt++) {
      const authorization =
        url.host === own.host ? await this.#authorizer.header(authHost, scope, request.signal) : undefined;
      const res = await this.#follow(host, url, request, authorization);
      if (res.status === 401 && attempt < 2) {
        if (
          await this.#authorizer.challenged(authHost, res.challenges, scope, authorization, request.signal)
        ) {
          res.dispose();
          continue;
        }
      }
      if ((res.status >= 200 && res.status < 300) || request.expected?.includes(res.status))
        return { ...res, url };
      let faults: ReturnType<typeof parseFaults> = [];
      try {
        if (request.method !== "HEAD") faults = parseFaults(await readBody(res, ERROR_BODY_LIMIT));
      } catch {
        // The status alone has to do.
      }
      res.dispose();
      throw new RegistryError(this.#what(request), res.status, faults);
    }
  }

  async #follow(
    host: RegistryHost,
    start: URL,
    request: RepositoryRequest,
    authorization: string | undefined,
  ): Promise<HttpResponse> {
    let url = start;
    for (let hop = 0; ; hop++) {
      const same = url.host === start.host;
      const sent: HttpRequest = {
        method: request.method,
        url,
        headers: {
          ...this.#headers,
          ...(same && host.headers),
          ...request.headers,
          ...(same && authorization !== undefined && { authorization }),
        },
        ...(request.body && { body: request.body() }),
      };
      let res: HttpResponse;
      try {
        res = await this.#http.send(sent, same ? host.connection : {}, request.signal);
      } catch (cause) {
        request.signal?.throwIfAborted();
        throw new RegistryUnreachableError(`cannot ${request.method} ${url.origin}${url.pathname}`, {
          cause,
        });
      }
      const { location } = res.headers;
      const redirected = [301, 302, 303, 307, 308].includes(res.status);
      if (!redirected || location === undefined || (request.method !== "GET" && request.method !== "HEAD"))
        return res;
      res.dispose();
      if (hop === MAX_REDIRECTS)
        throw new RegistryUnreachableError(this.#what(request), { cause: "too many redirects" });
      const next = new URL(location, url);
      if (next.protocol !== "https:" && next.protocol !== "http:") {
        throw new RegistryUnreachableError(this.#what(request), { cause: `redirected to ${next.protocol}` });
      }
      url = next;
    }
  }

  #scope(request: RepositoryRequest): string {
    const own = `repository:${this.reference.path}:${request.capability === "push" ? "pull,push" : "pull"}`;
    return [own, ...(request.pullFrom ?? []).map((name) => `repository:${name}:pull`)].join(" ");
  }

  #what(request: RepositoryRequest): string {
    const path = request.path instanceof URL ? request.path.pathname : request.path;
    return `cannot ${request.method} ${this.reference.domain}/${this.reference.path} ${path}`;
  }
}
