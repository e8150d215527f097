import { describe, expect, test } from "vitest";
import { formatJson, parseJson } from "./spec_json.ts";
import { sysctlFile, sysctlNamespace } from "./sysctl.ts";

describe("sysctlFile()", () => {
  test.each([
    ["net.ipv4.ip_forward", "net/ipv4/ip_forward"],
    ["net/ipv4/ip_forward", "net/ipv4/ip_forward"],
    ["net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"],
    ["net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"],
    ["net..x", undefined],
    ["/net/x", undefined],
    ["net/../x", undefined],
    ["net.//.x", undefined],
    ["net", undefined],
    ["net.a b", undefined],
    ["", undefined],
    ["net.x\0", undefined],
  ])("%j is %s", (key, file) => {
    expect(sysctlFile(key)).toBe(file);
  });
});

describe("sysctlNamespace()", () => {
  test("knows the owner", () => {
    expect(
      ["net/a", "kernel/sem", "fs/mqueue/x", "kernel/domainname", "user/max_x", "vm/x"].map(sysctlNamespace),
    ).toEqual(["network", "ipc", "ipc", "uts", "user", undefined]);
  });
});

describe("parseJson(), formatJson()", () => {
  test("keep 64-bit numbers whole, there and back", () => {
    const text = '{\n\t"a": 18446744073709551615,\n\t"b": [\n\t\t-9007199254740993,\n\t\t1.5\n\t]\n}';
    expect(parseJson(text, "x")).toEqual({ a: 18446744073709551615n, b: [-9007199254740993n, 1.5] });
    expect(formatJson(parseJson(text, "x"))).toBe(text);
  });

  test("name the document that cannot be read", () => {
    expect(() => parseJson("{", "config.json")).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(/^cannot read config\.json: /),
      }),
    );
  });
});
