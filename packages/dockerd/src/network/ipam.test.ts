import { hasCode } from "@rt/containerd/oci";
import { describe, expect, test } from "vitest";
import { AddressPool, formatAddress, formatSubnet, parseAddress, parseCidr } from "./ipam.ts";

test("parseCidr() gives the address and its subnet", () => {
  const { address, subnet } = parseCidr("172.17.0.1/16");
  expect([address, formatSubnet(subnet)]).toEqual(["172.17.0.1", "172.17.0.0/16"]);
});

test.each(["172.17.0.1", "172.17.0.1/31", "172.17.0/16", "1.2.3.256/24", "::1/64", "1.2.3.4/x"])(
  "parseCidr() refuses %s",
  (text) => {
    expect(() => parseCidr(text)).toThrow(/invalid (CIDR|IPv4) address/);
  },
);

test("formatAddress() undoes parseAddress(), also above 127", () => {
  for (const a of ["0.0.0.0", "10.1.2.3", "192.168.255.254", "255.255.255.255"])
    expect(formatAddress(parseAddress(a))).toBe(a);
});

describe("AddressPool", () => {
  const pool = (): AddressPool => new AddressPool(parseCidr("10.0.0.1/29").subnet, ["10.0.0.1"]);

  test("take() goes on behind the last address and wraps", () => {
    const p = pool();
    expect([p.take(), p.take()]).toEqual(["10.0.0.2", "10.0.0.3"]);
    p.give("10.0.0.2");
    expect([p.take(), p.take(), p.take(), p.take()]).toEqual([
      "10.0.0.4",
      "10.0.0.5",
      "10.0.0.6",
      "10.0.0.2",
    ]);
    expect(() => p.take()).toThrow(/no available IPv4 addresses/);
  });

  test("take() of a certain address", () => {
    const p = pool();
    expect(p.take("10.0.0.5")).toBe("10.0.0.5");
    expect(() => p.take("10.0.0.5")).toThrow("Address already in use");
    for (const outside of ["10.0.0.0", "10.0.0.7", "10.0.1.2"]) {
      const error = (() => {
        try {
          return p.take(outside);
        } catch (e) {
          return e;
        }
      })();
      expect(hasCode(error, "INVALID_ARGUMENT")).toBe(true);
    }
  });
});
