/**
 * A Debian kernel: its image and its modules.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.ts";
import { type DebianArch, openApt } from "./debian.ts";

/** An unpacked kernel. */
export interface GuestKernel {
  /** What `uname -r` will say. */
  readonly release: string;
  /** The image. */
  readonly image: string;
  /** The folder `lib/modules/<release>`, with `modules.dep`. */
  readonly modules: string;
}

/**
 * Debian's kernel for general use on `arch`, downloaded unless it is in the cache. (The smaller "cloud" kernel lacks 9p,
 * by which the guest sees the repository.)
 */
export async function debianKernel(arch: DebianArch, cacheDir: string): Promise<GuestKernel> {
  const apt = openApt(arch, cacheDir);
  const name = apt.depends(`linux-image-${arch}`).find((dep) => dep.startsWith("linux-image-"));
  if (name === undefined) throw new Error(`cannot find kernel for ${arch}: linux-image-${arch} names none`);
  const release = name.slice("linux-image-".length);
  const root = await cached(cacheDir, `${name}_${apt.version(name)}`, (into) => {
    apt.unpack(name, into);
    execFileSync("busybox", ["depmod", "-b", into, release], { stdio: "ignore" });
  });
  return {
    release,
    image: join(root, "boot", readdirSync(join(root, "boot")).find((f) => f.startsWith("vmlinuz"))!),
    modules: join(root, "lib/modules", release),
  };
}

/**
 * Paths (relative to the modules folder) of `names` and all they depend on, in loading order. Names that are not there
 * are built in, or not for this architecture, and left out.
 *
 * @param modulesDep Text of `modules.dep`: `path: path path`, nearest dependency first.
 */
export function loadingOrder(modulesDep: string, names: readonly string[]): string[] {
  const depends = new Map<string, readonly string[]>();
  const pathOf = new Map<string, string>();
  for (const line of modulesDep.split("\n")) {
    const [path, rest] = line.split(":");
    if (path === undefined || rest === undefined) continue;
    depends.set(path, rest.trim().split(/\s+/).filter(Boolean));
    pathOf.set(moduleName(path), path);
  }
  const order = new Set<string>();
  const add = (path: string): void => {
    if (order.has(path)) return;
    for (const dependency of depends.get(path) ?? []) add(dependency);
    order.add(path);
  };
  for (const name of names) {
    const path = pathOf.get(name);
    if (path !== undefined) add(path);
  }
  return [...order];
}

function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf("/") + 1)
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");
}

/** {@linkcode loadingOrder} of a kernel's own list. */
export function modulesToLoad(kernel: GuestKernel, names: readonly string[]): string[] {
  return loadingOrder(readFileSync(join(kernel.modules, "modules.dep"), "utf8"), names);
}
