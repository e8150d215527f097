/**
 * Platforms: what an image runs on; parsing, normalising and choosing the best of several.
 *
 * Source: image-spec 1.1 `image-index.md` section "platform"; rules and texts as in containerd/platforms
 * `platforms.go`, `database.go`, `compare.go`. Windows' version rules are not here.
 *
 * @module
 */
import process from "node:process";
import { InvalidPlatformError } from "../errors.ts";

/** What an image runs on. */
export interface Platform {
  /** CPU architecture, as GOARCH names it. */
  architecture: string;
  /** Operating system, as GOOS names it. */
  os: string;
  /** Version of the operating system (Windows). */
  "os.version"?: string;
  /** Features of the operating system that it needs. */
  "os.features"?: string[];
  /** Variant of the architecture, e.g. `v7`. */
  variant?: string;
}

const osPattern = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/;
const partPattern = /^[A-Za-z0-9_.-]+$/;
const knownOs =
  /^(?:aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|nacl|netbsd|openbsd|plan9|solaris|windows|zos)$/;
const knownArch =
  /^(?:386|amd64(?:p32)?|arm(?:be)?|arm64(?:be)?|ppc|ppc64(?:le)?|loong64|mips(?:le)?|mips64(?:le|p32|p32le)?|riscv|riscv64|s390x?|sparc|sparc64|wasm)$/;

/** The platform of this machine: Linux, whatever the engine says, on the engine's architecture. */
export function hostPlatform(arch: string = process.arch): Platform {
  switch (arch) {
    case "x64":
      return { architecture: "amd64", os: "linux" };
    case "ia32":
      return { architecture: "386", os: "linux" };
    case "arm":
      return { architecture: "arm", os: "linux", variant: "v7" };
    case "ppc64":
      return { architecture: "ppc64le", os: "linux" };
    default:
      return { architecture: arch, os: "linux" };
  }
}

/** GOARCH's name and the usual variant for any spelling of an architecture. */
function normalArch(architecture: string, variant: string): [architecture: string, variant: string] {
  const arch = architecture.toLowerCase();
  const v = variant.toLowerCase();
  switch (arch) {
    case "i386":
      return ["386", ""];
    case "x86_64":
    case "x86-64":
    case "amd64":
      return ["amd64", v === "v1" ? "" : v];
    case "aarch64":
    case "arm64":
      if (v === "8" || v === "v8" || v === "v8.0") return ["arm64", ""];
      return ["arm64", v === "9" || v === "9.0" || v === "v9.0" ? "v9" : v];
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      if (v === "" || v === "7") return ["arm", "v7"];
      return ["arm", v === "5" || v === "6" || v === "8" ? `v${v}` : v];
    default:
      return [arch, v];
  }
}

function normalOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === "" ? "linux" : lower === "macos" ? "darwin" : lower;
}

/** The same platform in the usual spelling: `x86_64` is `amd64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`. */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, variant] = normalArch(platform.architecture, platform.variant ?? "");
  const features = platform["os.features"];
  return {
    architecture,
    os: normalOs(platform.os),
    ...(platform["os.version"] === undefined ? {} : { "os.version": platform["os.version"] }),
    ...(features === undefined || features.length === 0
      ? {}
      : { "os.features": [...new Set(features)].sort() }),
    ...(variant === "" ? {} : { variant }),
  };
}

/**
 * Parses `os`, `arch`, `os/arch` or `os/arch/variant`, `os` optionally with version and features in parentheses.
 *
 * @param host Fills what the text leaves out.
 * @throws {InvalidPlatformError} `INVALID_ARGUMENT` with containerd's text.
 *
 * @example
 * ```ts
 * import { formatPlatform, parsePlatform } from "@rt/oci-spec";
 * if (formatPlatform(parsePlatform("linux/aarch64")) !== "linux/arm64") throw new Error("not normal");
 * ```
 */
export function parsePlatform(text: string, host: Platform = hostPlatform()): Platform {
  const refuse = (reason: string): never => {
    throw new InvalidPlatformError(text, `${JSON.stringify(text)}${reason}: invalid argument`);
  };
  if (text.includes("*")) refuse(": wildcards not yet supported");
  if (text.length > 1024) refuse(": cannot parse platform specifier");
  const parts = text.split("/");
  const [first = "", second, third] = parts;
  const os = osPattern.exec(first);
  if (os === null) {
    const what = `${JSON.stringify(first)} is an invalid OS component of ${JSON.stringify(text)}`;
    throw new InvalidPlatformError(
      text,
      `${what}: OSAndVersion specifier component must match ${quoteGo(osPattern)}: invalid argument`,
    );
  }
  for (const part of parts.slice(1, 3)) {
    if (partPattern.test(part)) continue;
    const what = `${JSON.stringify(part)} is an invalid component of ${JSON.stringify(text)}`;
    throw new InvalidPlatformError(
      text,
      `${what}: platform specifier component must match ${quoteGo(partPattern)}: invalid argument`,
    );
  }
  if (parts.length > 3) refuse(": cannot parse platform specifier");
  const named = { os: normalOs(os[1] ?? ""), ...osOptions(text, os[2] ?? "", os[3] ?? "") };
  if (second === undefined) {
    if (knownOs.test(named.os)) return withoutV7({ ...host, ...named });
    const [architecture, variant] = normalArch(first, "");
    if (!knownArch.test(architecture)) refuse(": unknown operating system or architecture");
    return withoutV7(platformOf(architecture, host.os, variant));
  }
  const [architecture, variant] = normalArch(second, third ?? "");
  if (third === undefined) return { ...withoutV7(platformOf(architecture, named.os, variant)), ...named };
  return {
    ...platformOf(architecture, named.os, architecture === "arm64" && variant === "" ? "v8" : variant),
    ...named,
  };
}

function platformOf(architecture: string, os: string, variant: string): Platform {
  return variant === "" ? { architecture, os } : { architecture, os, variant };
}

/** `arm/v7` is what plain `arm` means. */
function withoutV7(platform: Platform): Platform {
  if (platform.architecture !== "arm" || platform.variant !== "v7") return platform;
  const { variant: _, ...rest } = platform;
  return rest;
}

function quoteGo(pattern: RegExp): string {
  return JSON.stringify(pattern.source.replaceAll("\\/", "/"));
}

/** Version and features of `os(version+feature…)`. */
function osOptions(
  text: string,
  version: string,
  features: string,
): Pick<Platform, "os.version" | "os.features"> {
  const decode = (value: string): string => {
    try {
      return decodeURIComponent(value);
    } catch (cause) {
      throw new InvalidPlatformError(
        text,
        `${JSON.stringify(text)} has an invalid OS version ${JSON.stringify(value)}`,
        { cause },
      );
    }
  };
  const list = features
    .split("+")
    .filter((f) => f !== "")
    .map(decode);
  return {
    ...(version === "" ? {} : { "os.version": decode(version) }),
    ...(list.length === 0 ? {} : { "os.features": list }),
  };
}

/** The platform as `os/architecture[/variant]`; `unknown` if it has no os. */
export function formatPlatform(platform: Platform): string {
  if (platform.os === "") return "unknown";
  return [platform.os, platform.architecture, platform.variant ?? ""].filter((part) => part !== "").join("/");
}

/** Whether an image for `offered` is one for `wanted`, spelling apart; no older variants. */
export function samePlatform(wanted: Platform, offered: Platform): boolean {
  const a = normalizePlatform(wanted);
  const b = normalizePlatform(offered);
  const have = a["os.features"] ?? [];
  return (
    a.os === b.os &&
    a.architecture === b.architecture &&
    (a.variant ?? "") === (b.variant ?? "") &&
    (b["os.features"] ?? []).every((feature) => have.includes(feature))
  );
}

/** What else runs on `platform`, best first: itself, older variants, and the 32-bit twin. */
export function compatiblePlatforms(platform: Platform): Platform[] {
  const base = normalizePlatform(platform);
  const like = (architecture: string, variant: string): Platform => {
    const { variant: _, ...rest } = base;
    return { ...rest, ...platformOf(architecture, base.os, variant) };
  };
  const version = Number(/^v(\d+)$/.exec(base.variant ?? "")?.[1] ?? Number.NaN);
  switch (base.architecture) {
    case "amd64": {
      const older =
        Number.isNaN(version) || version > 99 ? [] : range(version - 1, 1).map((n) => like("amd64", `v${n}`));
      return [base, ...older, like("386", "")];
    }
    case "arm":
      return Number.isNaN(version) || version > 99
        ? [base]
        : [base, ...range(version - 1, 5).map((n) => like("arm", `v${n}`))];
    case "arm64":
      return [
        ...arm64Variants(base.variant ?? "v8").map((v) => like("arm64", v)),
        ...range(8, 5).map((n) => like("arm", `v${n}`)),
      ];
    default:
      return [base];
  }
}

/** `from` down to `to`. */
function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i);
}

/** Armv8.x and v9.x down to v8; v9.n includes v8.(n+5), at most v8.9. */
function arm64Variants(variant: string): string[] {
  const match = /^v([89])(?:\.(\d))?$/.exec(variant);
  if (match === null) return [variant];
  const minor = Number(match[2] ?? 0);
  const list = (major: number, top: number) =>
    range(top, 0).map((n) => (n === 0 ? `v${major}` : `v${major}.${n}`));
  return match[1] === "8" ? list(8, minor) : [...list(9, minor), ...list(8, Math.min(minor + 5, 9))];
}

/**
 * How well an image for `offered` suits `wanted`: 0 is best, each step down the list of compatible platforms one more;
 * undefined if it does not run there.
 */
export function platformRank(wanted: Platform, offered: Platform): number | undefined {
  const rank = compatiblePlatforms(wanted).findIndex((p) => samePlatform(p, offered));
  return rank < 0 ? undefined : rank;
}

/** The entry of `candidates` that suits `wanted` best, the first of equals; entries without a platform suit last. */
export function bestMatch<T extends { readonly platform?: Platform }>(
  wanted: Platform,
  candidates: Iterable<T>,
): T | undefined {
  let best: T | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const { platform } = candidate;
    const rank = platform === undefined ? Number.MAX_SAFE_INTEGER : platformRank(wanted, platform);
    if (rank !== undefined && rank < bestRank) [best, bestRank] = [candidate, rank];
  }
  return best;
}
