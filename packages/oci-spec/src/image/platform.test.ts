import { describe, expect, test } from "vitest";
import {
  bestMatch,
  compatiblePlatforms,
  formatPlatform,
  hostPlatform,
  parsePlatform,
  platformRank,
  samePlatform,
} from "./platform.ts";

const host = { architecture: "amd64", os: "linux" };
const all = (text: string) => compatiblePlatforms(parsePlatform(text, host)).map(formatPlatform);

describe("parsePlatform()", () => {
  test.each([
    ["linux", "linux/amd64"],
    ["arm64", "linux/arm64"],
    ["aarch64", "linux/arm64"],
    ["x86_64", "linux/amd64"],
    ["i386", "linux/386"],
    ["armhf", "linux/arm"],
    ["armel", "linux/arm/v6"],
    ["linux/arm", "linux/arm"],
    ["linux/arm/v7", "linux/arm/v7"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/arm64/v8", "linux/arm64/v8"],
    ["linux/amd64/v3", "linux/amd64/v3"],
    ["Linux/AMD64", "linux/amd64"],
    ["macos/arm64", "darwin/arm64"],
    ["windows(10.0.17763)/amd64", "windows/amd64"],
  ])("%s is %s", (text, whole) => {
    expect(formatPlatform(parsePlatform(text, host))).toBe(whole);
  });

  test("keeps version and features of the system", () => {
    expect(parsePlatform("windows(10.0+win32k)/amd64", host)).toMatchObject({
      "os.version": "10.0",
      "os.features": ["win32k"],
    });
  });

  test.each([
    ["*", '"*": wildcards not yet supported: invalid argument'],
    ["foo", '"foo": unknown operating system or architecture: invalid argument'],
    ["a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'],
    [
      "linux/&",
      '"&" is an invalid component of "linux/&": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument',
    ],
  ])("refuses %j: %s", (text, message) => {
    expect(() => parsePlatform(text, host)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });
});

describe("compatiblePlatforms()", () => {
  test("goes down the variants", () => {
    expect(all("linux/amd64/v3")).toEqual([
      "linux/amd64/v3",
      "linux/amd64/v2",
      "linux/amd64/v1",
      "linux/386",
    ]);
    expect(all("linux/arm/v7")).toEqual(["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]);
    expect(all("linux/arm64")).toEqual([
      "linux/arm64/v8",
      "linux/arm/v8",
      "linux/arm/v7",
      "linux/arm/v6",
      "linux/arm/v5",
    ]);
    expect(all("linux/arm64/v9").slice(0, 8)).toEqual(
      ["v9", "v8.5", "v8.4", "v8.3", "v8.2", "v8.1", "v8"]
        .map((v) => `linux/arm64/${v}`)
        .concat("linux/arm/v8"),
    );
    expect(all("linux/s390x")).toEqual(["linux/s390x"]);
  });
});

describe("bestMatch()", () => {
  const list = ["linux/386", "linux/arm64/v8", "linux/amd64", "linux/arm/v6", "linux/arm/v7"].map((text) => ({
    platform: parsePlatform(text, host),
  }));
  const best = (text: string) => {
    const found = bestMatch(parsePlatform(text, host), list);
    return found && formatPlatform(found.platform);
  };

  test("prefers the exact one, takes an older one, and refuses the rest", () => {
    expect(best("linux/amd64")).toBe("linux/amd64");
    expect(best("linux/amd64/v2")).toBe("linux/amd64");
    expect(best("linux/arm64")).toBe("linux/arm64/v8");
    expect(best("linux/arm")).toBe("linux/arm/v7");
    expect(best("linux/arm/v6")).toBe("linux/arm/v6");
    expect(best("linux/386")).toBe("linux/386");
    expect(best("linux/arm/v5")).toBeUndefined();
    expect(best("linux/riscv64")).toBeUndefined();
    expect(best("windows/amd64")).toBeUndefined();
  });

  test("takes an entry without platform only where nothing else suits", () => {
    expect(
      bestMatch(host, [{ n: 1 }, { n: 2, platform: host }] as { n: number; platform?: typeof host }[])?.n,
    ).toBe(2);
    expect(bestMatch(host, [{ n: 1 }] as { n: number; platform?: typeof host }[])?.n).toBe(1);
  });
});

describe("samePlatform(), platformRank(), hostPlatform()", () => {
  test("agree on spelling, rank and this machine", () => {
    expect(
      samePlatform(
        { architecture: "aarch64", os: "Linux" },
        { architecture: "arm64", os: "linux", variant: "v8" },
      ),
    ).toBe(true);
    expect(platformRank(host, { architecture: "386", os: "linux" })).toBe(1);
    expect(hostPlatform("x64")).toEqual(host);
    expect(samePlatform(host, { ...host, "os.features": ["x"] })).toBe(false);
  });
});
