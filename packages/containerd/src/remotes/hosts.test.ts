import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isInsecure, registryHosts } from "./hosts.ts";

const dir = mkdtempSync(join(tmpdir(), "rt-hosts-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe("isInsecure()", () => {
  it("holds for the loopback and what is named, and nothing else", () => {
    for (const host of ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.8.7", "[::1]:5000"]) {
      expect(isInsecure(host), host).toBe(true);
    }
    for (const host of [
      "docker.io",
      "128.0.0.1",
      "127.0.0.1.evil.com",
      "localhost.evil.com:5000",
      "10.0.0.1",
    ]) {
      expect(isInsecure(host), host).toBe(false);
    }
    expect(isInsecure("10.1.2.3:80", ["10.0.0.0/8"])).toBe(true);
    expect(isInsecure("11.1.2.3:80", ["10.0.0.0/8"])).toBe(false);
    expect(isInsecure("reg.local:80", ["reg.local:80"])).toBe(true);
    expect(isInsecure("reg.local:81", ["reg.local:80"])).toBe(false);
  });
});

describe("registryHosts()", () => {
  it("without configuration a registry is itself, by HTTPS, and docker.io is registry-1", async () => {
    expect(await registryHosts("quay.io")).toMatchObject([
      { base: "https://quay.io/v2", fallBackToHttp: false, mirror: false, connection: {} },
    ]);
    expect((await registryHosts("docker.io"))[0]!.base).toBe("https://registry-1.docker.io/v2");
    expect((await registryHosts("localhost:5000"))[0]).toMatchObject({
      fallBackToHttp: true,
      connection: { skipVerify: true },
    });
  });

  it("mirrors are for Docker Hub alone", async () => {
    const options = { mirrors: ["https://mirror.example"] };
    expect((await registryHosts("docker.io", options)).map((h) => [h.base, h.mirror])).toEqual([
      ["https://mirror.example/v2", true],
      ["https://registry-1.docker.io/v2", false],
    ]);
    expect((await registryHosts("quay.io", options)).length).toBe(1);
  });

  it("reads hosts.toml: server, hosts in their order, capabilities, certificates, headers", async () => {
    const folder = join(dir, "example.com");
    mkdirSync(folder);
    writeFileSync(join(folder, "ca.pem"), "PEM");
    writeFileSync(
      join(folder, "hosts.toml"),
      [
        'server = "https://upstream.example.com"',
        '[host."https://one:5000/cache/v2"]',
        '  capabilities = ["pull"]',
        '  ca = "ca.pem"',
        '  [host."https://one:5000/cache/v2".header]',
        '    x-token = ["a"]',
        '[host."http://two"]',
        "  skip_verify = true",
      ].join("\n"),
    );
    expect(await registryHosts("example.com", { hostsDir: dir })).toEqual([
      {
        base: "https://one:5000/cache/v2",
        capabilities: ["pull"],
        connection: { ca: ["PEM"] },
        headers: { "x-token": "a" },
        fallBackToHttp: false,
        mirror: true,
      },
      {
        base: "http://two/v2",
        capabilities: ["pull", "resolve", "push"],
        connection: { skipVerify: true },
        headers: {},
        fallBackToHttp: false,
        mirror: true,
      },
      {
        base: "https://upstream.example.com/v2",
        capabilities: ["pull", "resolve", "push"],
        connection: {},
        headers: {},
        fallBackToHttp: false,
        mirror: true,
      },
    ]);
  });

  it("a hosts.toml that cannot be read is an error, not silence", async () => {
    mkdirSync(join(dir, "_default"));
    writeFileSync(join(dir, "_default/hosts.toml"), "[[[");
    await expect(registryHosts("other.example", { hostsDir: dir })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
