/**
 * Bundles: the directory that a shim and its OCI runtime work in.
 *
 * | path | what |
 * |---|---|
 * | `<state>/io.containerd.runtime.v2.task/<ns>/<id>/` | the bundle, 0700 (0710 and the mapped group with a user namespace) |
 * | … `config.json` | the container's spec |
 * | … `rootfs/` | where the shim mounts the root file system |
 * | … `work` | link to `<root>/io.containerd.runtime.v2.task/<ns>/<id>`, for what may be large |
 * | … `shim-binary-path` | which shim serves it |
 * | … `bootstrap.json` | where that shim listens |
 *
 * Source: containerd core/runtime/v2/bundle.go.
 *
 * @module
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ShimAddress } from "@rt/shim/client";
import { AlreadyExistsError, addClause, FailedPreconditionError } from "../errors.ts";
import { type Kernel, mountPointsBelow, unmount } from "../kernel.ts";
import { validateIdentifier } from "../metadata/identifier.ts";

/** Where bundles are kept. */
export interface BundleRoots {
  /** `<state>/io.containerd.runtime.v2.task`. */
  readonly state: string;
  /** `<root>/io.containerd.runtime.v2.task`. */
  readonly work: string;
}

/** A bundle on disk. */
export interface Bundle {
  readonly namespace: string;
  readonly id: string;
  /** Its directory, absolute. */
  readonly path: string;
}

/** A bundle's place. */
export function bundleAt(roots: BundleRoots, namespace: string, id: string): Bundle {
  return { namespace, id, path: join(roots.state, namespace, id) };
}

/**
 * Makes a bundle with `spec` (JSON) as its config.json.
 *
 * @throws {RtError} `ALREADY_EXISTS` if there is one; `INVALID_ARGUMENT` for a bad id.
 */
export function createBundle(roots: BundleRoots, namespace: string, id: string, spec: Uint8Array): Bundle {
  validateIdentifier(id, `invalid task id ${id}`);
  const bundle = bundleAt(roots, namespace, id);
  mkdirSync(dirname(bundle.path), { recursive: true, mode: 0o711 });
  try {
    mkdirSync(bundle.path, { mode: 0o700 });
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "EEXIST") throw err;
    throw new AlreadyExistsError(`bundle ${bundle.path}`, { cause: err });
  }
  try {
    fill(bundle, join(roots.work, namespace, id), spec);
  } catch (err) {
    rmSync(bundle.path, { recursive: true, force: true });
    throw addClause(`cannot create bundle ${id}`, err);
  }
  return bundle;
}

function fill({ path }: Bundle, work: string, spec: Uint8Array): void {
  const gid = mappedGroup(spec);
  if (gid !== 0) {
    chownSync(path, -1, gid);
    chmodSync(path, 0o710);
  }
  rmSync(work, { recursive: true, force: true });
  mkdirSync(dirname(work), { recursive: true, mode: 0o711 });
  mkdirSync(work, { mode: 0o711 });
  mkdirSync(join(path, "rootfs"), { mode: 0o711 });
  symlinkSync(work, join(path, "work"));
  writeFileSync(join(path, "config.json"), spec, { mode: 0o600 });
}

/** Host group of the container's group 0; 0 without a user namespace, or if the spec cannot be read. */
function mappedGroup(spec: Uint8Array): number {
  try {
    const { linux } = JSON.parse(new TextDecoder().decode(spec)) as {
      linux?: { gidMappings?: { containerID: number; hostID: number }[] };
    };
    return linux?.gidMappings?.find((m) => m.containerID === 0)?.hostID ?? 0;
  } catch {
    return 0;
  }
}

/** Notes which shim serves the bundle and where it listens; the shim must not be needed before this is on disk. */
export function writeShim(bundle: Bundle, binary: string, shim: ShimAddress): void {
  writeFileSync(join(bundle.path, "shim-binary-path"), binary, { mode: 0o600 });
  const temporary = join(bundle.path, ".bootstrap.json");
  writeFileSync(temporary, JSON.stringify(shim), { mode: 0o600 });
  renameSync(temporary, join(bundle.path, "bootstrap.json"));
}

/** What {@linkcode writeShim} or containerd noted; undefined for what is not there. */
export function readShim(bundle: Bundle): { binary: string | undefined; shim: ShimAddress | undefined } {
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(bundle.path, name), "utf8");
    } catch {
      return undefined;
    }
  };
  const binary = read("shim-binary-path");
  const bootstrap = read("bootstrap.json");
  if (bootstrap !== undefined) return { binary, shim: JSON.parse(bootstrap) as ShimAddress };
  const address = read("address");
  return { binary, shim: address === undefined ? undefined : { address, version: 2, protocol: "ttrpc" } };
}

/**
 * Removes a bundle: out of sight when this resolves, its files soon after. Never anything below a mount: what cannot be
 * unmounted stays, and the error says so.
 *
 * @throws {RtError} with the class of what failed.
 */
export async function deleteBundle(kernel: Kernel, bundle: Bundle): Promise<void> {
  const rootfs = join(bundle.path, "rootfs");
  if (!removeDirectory(rootfs)) {
    const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
    if (mountPointsBelow(mountinfo, bundle.path).length > 0) {
      await unmount(kernel, rootfs, { recursive: true, detach: true });
    }
    // What is on the host below the mount point is not ours to remove.
    if (!removeDirectory(rootfs))
      throw new FailedPreconditionError(`cannot remove ${rootfs}: it is not empty`);
  }
  const work = readLink(join(bundle.path, "work"));
  removeTree(bundle.path);
  if (work !== undefined && !removeDirectory(work)) removeTree(work);
}

/** Removes an empty directory; true if it is gone. */
function removeDirectory(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Takes a tree out of sight at once, and removes it in the background; what a crash leaves goes with the next start. */
function removeTree(path: string): void {
  const hidden = join(dirname(path), `.${basename(path)}.${process.hrtime.bigint()}`);
  try {
    renameSync(path, hidden);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return;
    throw err;
  }
  rm(hidden, { recursive: true, force: true }).catch(() => {});
}

/** Names of the directories in `dir`; what was being removed when an earlier daemon ended is removed. */
export function listDirectories(dir: string): string[] {
  const names: string[] = [];
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) rmSync(join(dir, entry.name), { recursive: true, force: true });
      else if (entry.isDirectory()) names.push(entry.name);
    }
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") throw err;
  }
  return names;
}
