import { describe, expect, it } from "vitest";
import { MS } from "../init/linux.ts";
import { deviceNumber } from "./device.ts";
import { mountPointOf, propagationOf } from "./propagation.ts";
import { components } from "./target.ts";

const MOUNTINFO = `22 1 254:0 / / rw - ext4 /dev/vda rw
23 22 0:5 / /var rw - tmpfs tmpfs rw
24 23 0:6 / /var/lib/with\\040space rw shared:1 - tmpfs tmpfs rw
25 22 0:7 / /variable rw - tmpfs tmpfs rw
`;

describe("mountPointOf()", () => {
  it("finds the longest mount point that holds the path, by whole components", () => {
    expect(mountPointOf(MOUNTINFO, "/var/lib/x")).toBe("/var");
    expect(mountPointOf(MOUNTINFO, "/var/lib/with space/rootfs")).toBe("/var/lib/with space");
    expect(mountPointOf(MOUNTINFO, "/variables")).toBe("/");
    expect(mountPointOf(MOUNTINFO, "/variable")).toBe("/variable");
  });
});

describe("propagationOf()", () => {
  it("knows eight words and no other", () => {
    expect(propagationOf("rslave")).toBe(MS.slave | MS.rec);
    expect(propagationOf("")).toBeUndefined();
    expect(() => propagationOf("sideways")).toThrow("rootfsPropagation=sideways is not supported");
  });
});

describe("components()", () => {
  it("never climbs above the top", () => {
    expect(components("/a/../../b/./c//")).toEqual(["b", "c"]);
    expect(components("../..")).toEqual([]);
  });
});

describe("deviceNumber()", () => {
  it("is encoded as mknod(2) takes it", () => {
    expect(deviceNumber(1, 3)).toBe(0x103n);
    expect(deviceNumber(254, 0x12345)).toBe(0x1230fe45n);
  });
});
