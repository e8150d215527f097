import { describe, expect, test } from "vitest";
import { EPHEMERAL, PortRegistry, type PortRequest, portRequests } from "./ports.ts";

const one = (binding: { HostIp?: string; HostPort?: string }, key = "80/tcp"): PortRequest => {
  const [request] = portRequests({ [key]: [binding] }, {}, false);
  if (request === undefined) throw new Error("no request");
  return request;
};

test("portRequests() reads addresses, single ports and ranges", () => {
  expect(one({ HostPort: "8080" })).toMatchObject({ first: 8080, last: 8080, hostIps: ["0.0.0.0", "::"] });
  expect(one({ HostIp: "127.0.0.1", HostPort: "8000-8002" })).toMatchObject({
    first: 8000,
    last: 8002,
    hostIps: ["127.0.0.1"],
  });
  expect(one({}, "53/UDP")).toMatchObject({ key: "53/udp", protocol: "udp", containerPort: 53, first: 0 });
});

test("portRequests() publishes what is exposed and not bound, when asked", () => {
  const list = portRequests({ "80/tcp": [{ HostPort: "8080" }] }, { "80/tcp": {}, "81/tcp": {} }, true);
  expect(list.map((r) => [r.key, r.first])).toEqual([
    ["80/tcp", 8080],
    ["81/tcp", 0],
  ]);
});

test.each([["70000"], ["x"], ["80-99999"]])("portRequests() refuses host port %s", (HostPort) => {
  expect(() => one({ HostPort })).toThrow(/invalid port specification/);
});

describe("PortRegistry", () => {
  test("take() refuses a port that is given out, also by a wildcard, and takes it again once given back", () => {
    const ports = new PortRegistry();
    const r = one({ HostPort: "8080" });
    expect(ports.take(r)).toBe(8080);
    expect(() => ports.take(r)).toThrow("Bind for 0.0.0.0:8080 failed: port is already allocated");
    expect(() => ports.take(one({ HostIp: "127.0.0.1", HostPort: "8080" }))).toThrow(/already allocated/);
    expect(ports.take(one({ HostPort: "8080" }, "80/udp"))).toBe(8080);
    ports.give("tcp", r.hostIps, 8080);
    expect(ports.take(r)).toBe(8080);
  });

  test("take() goes through a range", () => {
    const ports = new PortRegistry();
    const r = one({ HostPort: "8000-8001" });
    expect([ports.take(r), ports.take(r)]).toEqual([8000, 8001]);
    expect(() => ports.take(r)).toThrow(/already allocated/);
  });

  test("take() of any port stays in the ephemeral range and never repeats while held", () => {
    const ports = new PortRegistry();
    const got = Array.from({ length: 50 }, () => ports.take(one({})));
    expect(new Set(got).size).toBe(50);
    expect(got.every((p) => p >= EPHEMERAL.first && p <= EPHEMERAL.last)).toBe(true);
  });
});
