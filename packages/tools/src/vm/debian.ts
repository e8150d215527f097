/**
 * Debian packages as files: found and downloaded by apt, unpacked by dpkg, never installed.
 *
 * For the machine's own architecture apt's lists are used as they are; for another one apt is given lists of its own in
 * the cache, so that the machine's are left alone.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Debian's names of architectures. */
export type DebianArch = "amd64" | "arm64";

function command(program: string, args: readonly string[], cwd?: string): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
    maxBuffer: 64 << 20,
  });
}

/** Reads package lists of one architecture. */
export interface Apt {
  /** The newest version of `name`. @throws Error if there is no such package. */
  version(name: string): string;
  /** The packages that `name` depends on directly. */
  depends(name: string): string[];
  /** Downloads `name` and unpacks it over `root`. */
  unpack(name: string, root: string): void;
}

/** The packages of `arch`; lists of another architecture than the machine's are kept in `cacheDir`. */
export function openApt(arch: DebianArch, cacheDir: string): Apt {
  const own = command("dpkg", ["--print-architecture"]).trim() === arch;
  const options = own ? [] : foreignLists(arch, cacheDir);
  const show = (name: string): string => {
    try {
      return command("apt-cache", [...options, "show", "--no-all-versions", name]);
    } catch (cause) {
      throw new Error(`cannot find package ${name}: apt has no such package (apt-get update?)`, { cause });
    }
  };
  const field = (name: string, key: string): string =>
    new RegExp(`^${key}: (.*)$`, "m").exec(show(name))?.[1] ?? "";
  return {
    version: (name) => field(name, "Version"),
    depends: (name) => parseDepends(field(name, "Depends")),
    unpack(name, root) {
      const dir = join(cacheDir, `download.${process.pid}`);
      mkdirSync(dir, { recursive: true });
      try {
        command("apt-get", [...options, "-o", "APT::Sandbox::User=root", "download", name], dir);
        for (const deb of readdirSync(dir)) unpackDeb(join(dir, deb), root);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

/** Names in a Depends field: the first of alternatives, without versions and architectures. */
export function parseDepends(field: string): string[] {
  return field
    .split(",")
    .map((part) => /^\s*([a-z0-9.+-]+)/.exec(part)?.[1] ?? "")
    .filter((name) => name !== "");
}

/** Unpacks over `root`, through the links of a merged /usr. */
function unpackDeb(deb: string, root: string): void {
  command("sh", [
    "-c",
    'dpkg --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"',
    "sh",
    deb,
    root,
  ]);
}

function foreignLists(arch: DebianArch, cacheDir: string): string[] {
  const state = join(cacheDir, `apt-${arch}`);
  const options = [
    ...["-o", `APT::Architecture=${arch}`, "-o", `APT::Architectures::=${arch}`],
    ...["-o", `Dir::State=${state}/state`, "-o", `Dir::Cache=${state}/cache`],
    ...["-o", `Dir::State::status=${state}/status`, "-o", "APT::Sandbox::User=root"],
  ];
  if (existsSync(`${state}/status`)) return options;
  for (const dir of ["state/lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(state, dir), { recursive: true });
  }
  command("apt-get", [...options, "update"]);
  writeFileSync(`${state}/status`, "");
  return options;
}
