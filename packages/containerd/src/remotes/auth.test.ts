import { describe, expect, it } from "vitest";
import { Authorizer, parseChallenges } from "./auth.ts";
import type { HttpClient, HttpRequest } from "./http.ts";

describe("parseChallenges()", () => {
  it("reads schemes and parameters, quoted or not, several in one header", () => {
    expect(
      parseChallenges('Bearer realm="https://a/t?x=1,2",service="s",scope="repository:a:pull,push"'),
    ).toEqual([
      {
        scheme: "bearer",
        parameters: { realm: "https://a/t?x=1,2", service: "s", scope: "repository:a:pull,push" },
      },
    ]);
    expect(parseChallenges('Basic realm="a \\"b\\"", Bearer realm=x')).toEqual([
      { scheme: "basic", parameters: { realm: 'a "b"' } },
      { scheme: "bearer", parameters: { realm: "x" } },
    ]);
    expect(parseChallenges("")).toEqual([]);
  });
});

function fakeHttp(answer: (request: HttpRequest) => { status: number; json: unknown }) {
  const requests: HttpRequest[] = [];
  const http = {
    send: async (request: HttpRequest) => {
      requests.push(request);
      const { status, json } = answer(request);
      const body = (async function* () {
        yield Buffer.from(JSON.stringify(json));
      })();
      return { status, headers: {}, challenges: [], body, dispose() {} };
    },
  } as unknown as HttpClient;
  return { http, requests };
}

const host = { name: "reg.example", connection: {}, insecure: false };
const bearer = ['Bearer realm="https://auth.example/token",service="reg"'];

describe("Authorizer", () => {
  it("asks for a token with service, scopes and password, once for each scope", async () => {
    const { http, requests } = fakeHttp(() => ({ status: 200, json: { token: "T", expires_in: 300 } }));
    const authorizer = new Authorizer(http, () => ({ username: "me", password: "pw" }));
    const scope = "repository:a:pull,push repository:b:pull";
    expect(await authorizer.header(host, scope)).toBeUndefined();
    expect(await authorizer.challenged(host, bearer, scope, undefined)).toBe(true);
    expect(await authorizer.header(host, scope)).toBe("Bearer T");
    expect(requests.length).toBe(1);
    const { searchParams } = requests[0]!.url;
    expect(searchParams.getAll("scope")).toEqual(["repository:a:pull,push", "repository:b:pull"]);
    expect(searchParams.get("service")).toBe("reg");
    expect(requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from("me:pw").toString("base64")}`);
    await authorizer.header(host, "repository:c:pull");
    expect(requests.length).toBe(2);
  });

  it("posts an identity token as a refresh token", async () => {
    const { http, requests } = fakeHttp(() => ({ status: 200, json: { access_token: "A" } }));
    const authorizer = new Authorizer(http, () => ({ identityToken: "I" }));
    await authorizer.challenged(host, bearer, "repository:a:pull", undefined);
    expect(await authorizer.header(host, "repository:a:pull")).toBe("Bearer A");
    const form = new URLSearchParams(Buffer.from(requests[0]!.body as Uint8Array).toString());
    expect([
      requests[0]!.method,
      form.get("grant_type"),
      form.get("refresh_token"),
      form.get("scope"),
    ]).toEqual(["POST", "refresh_token", "I", "repository:a:pull"]);
  });

  it("sends a password over HTTPS only, unless the registry itself is insecure", async () => {
    const { http, requests } = fakeHttp(() => ({ status: 200, json: { token: "T" } }));
    const authorizer = new Authorizer(http, () => ({ username: "me", password: "pw" }));
    const plain = ['Bearer realm="http://auth.example/token"'];
    await expect(authorizer.challenged(host, plain, "", undefined)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
    expect(requests.length).toBe(0);
    expect(await authorizer.challenged({ ...host, insecure: true }, plain, "", undefined)).toBe(true);
  });

  it("gives up on a basic challenge after its password was refused", async () => {
    const { http } = fakeHttp(() => ({ status: 500, json: {} }));
    const authorizer = new Authorizer(http, () => ({ username: "me", password: "pw" }));
    expect(await authorizer.challenged(host, ["Basic realm=x"], "", undefined)).toBe(true);
    // A second request that was sent before the first was answered has not carried the password yet.
    expect(await authorizer.challenged(host, ["Basic realm=x"], "", undefined)).toBe(true);
    expect(await authorizer.challenged(host, ["Basic realm=x"], "", "Basic dTpw")).toBe(false);
    const nobody = new Authorizer(http);
    expect(await nobody.challenged(host, ["Basic realm=x"], "", undefined)).toBe(false);
    expect(await nobody.challenged(host, ["Negotiate"], "", undefined)).toBe(false);
  });

  it("says what the token server said", async () => {
    const json = { errors: [{ code: "DENIED", message: "no such user" }] };
    const { http } = fakeHttp(() => ({ status: 403, json }));
    await expect(new Authorizer(http).challenged(host, bearer, "", undefined)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: "cannot get a token from https://auth.example/token: denied: no such user",
    });
  });
});
