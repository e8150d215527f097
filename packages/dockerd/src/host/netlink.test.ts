import { expect, test } from "vitest";
import {
  addressRequest,
  defaultRouteRequest,
  linkRequest,
  message,
  nested,
  RTM,
  text,
  u32,
} from "./netlink.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("message() pads attributes to 4 bytes and counts without the padding", () => {
  const { bytes } = message(RTM.newLink, 0, new Uint8Array(16), [text(3, "lo")]);
  expect(hex(bytes.slice(0, 16))).toBe("2800000010000500" + "0100000000000000");
  expect(hex(bytes.slice(32))).toBe("07000300" + "6c6f0000");
});

test("a nested attribute's length covers its prefix and members, and holes are found inside", () => {
  const inner = nested(1, [{ type: 28, hole: "ns" }], Uint8Array.of(9, 9, 9, 9));
  const { bytes, holes } = message(RTM.newLink, 0, new Uint8Array(0), [nested(18, [inner])]);
  expect(hex(bytes.slice(16))).toBe("14001200" + "10000100" + "09090909" + "08001c00" + "00000000");
  expect(holes.get("ns")).toBe(16 + 16);
});

test("linkRequest() sets the up flag in flags and change", () => {
  const { bytes } = linkRequest([u32(10, 5)], { index: 7, up: true });
  expect(hex(bytes.slice(16, 32))).toBe("0000000007000000" + "0100000001000000");
});

test("addressRequest() and defaultRouteRequest() carry the address", () => {
  expect(hex(addressRequest("10.0.0.2", 24).bytes)).toContain("080002000a000002");
  expect(addressRequest("10.0.0.2", 24).holes.get("index")).toBe(20);
  expect(hex(defaultRouteRequest("10.0.0.1").bytes)).toContain("080005000a000001");
});
