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
  chmod,
  chown,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ShimAddress } from "@rt/shim/client";
import { AlreadyExistsError, addClause } from "../errors.ts";
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
export async function createBundle(
  roots: BundleRoots,
  namespace: string,
  id: string,
  spec: Uint8Array,
): Promise<Bundle> {
  validateIdentifier(id, `invalid task id ${id}`);
  const bundle = bundleAt(roots, namespace, id);
  await mkdir(dirname(bundle.path), { recursive: true, mode: 0o711 });
  try {
    await mkdir(bundle.path, { mode: 0o700 });
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "EEXIST") throw err;
    throw new AlreadyExistsError(`bundle ${bundle.path}`, { cause: err });
  }
  try {
    await fill(bundle, join(roots.work, namespace, id), spec);
  } catch (err) {
    await rm(bundle.path, { recursive: true, force: true });
    throw addClause(`cannot create bundle ${id}`, err);
  }
  return bundle;
}

async function fill({ path }: Bundle, work: string, spec: Uint8Array): Promise<void> {
  const gid = mappedGroup(spec);
  if (gid !== 0) {
    await chown(path, -1, gid);
    await chmod(path, 0o710);
  }
  await rm(work, { recursive: true, force: true });
  await mkdir(dirname(work), { recursive: true, mode: 0o711 });
  await mkdir(work, { mode: 0o711 });
  await mkdir(join(path, "rootfs"), { mode: 0o711 });
  await symlink(work, join(path, "work"));
  await writeFile(join(path, "config.json"), spec, { mode: 0o600 });
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
export async function writeShim(bundle: Bundle, binary: string, shim: ShimAddress): Promise<void> {
  await writeFile(join(bundle.path, "shim-binary-path"), binary, { mode: 0o600 });
  const temporary = join(bundle.path, ".bootstrap.json");
  await writeFile(temporary, JSON.stringify(shim), { mode: 0o600 });
  await rename(temporary, join(bundle.path, "bootstrap.json"));
}

/** What {@linkcode writeShim} or containerd noted; undefined for what is not there. */
export async function readShim(
  bundle: Bundle,
): Promise<{ binary: string | undefined; shim: ShimAddress | undefined }> {
  const read = (name: string): Promise<string | undefined> =>
    readFile(join(bundle.path, name), "utf8").catch(() => undefined);
  const binary = await read("shim-binary-path");
  const bootstrap = await read("bootstrap.json");
  if (bootstrap !== undefined) return { binary, shim: JSON.parse(bootstrap) as ShimAddress };
  const address = await read("address");
  return { binary, shim: address === undefined ? undefined : { address, version: 2, protocol: "ttrpc" } };
}

/**
 * Removes a bundle. Never anything below a mount: what cannot be unmounted stays, and the error says so.
 *
 * @throws {RtError} with the class of what failed.
 */
export async function deleteBundle(kernel: Kernel, bundle: Bundle): Promise<void> {
  const rootfs = join(bundle.path, "rootfs");
  const work = await readlink(join(bundle.path, "work")).catch(() => undefined);
  if (mountPointsBelow(await readFile("/proc/self/mountinfo", "utf8"), bundle.path).length > 0) {
    await unmount(kernel, rootfs, { recursive: true, detach: true });
  }
  // Fails on a mount that was missed, and then nothing below is touched.
  await rmdir(rootfs).catch((err: NodeJS.ErrnoException) => {
    if (err.code !== "ENOENT") throw addClause(`cannot remove rootfs of bundle ${bundle.id}`, err);
  });
  await removeTree(bundle.path);
  if (work !== undefined) await removeTree(work);
}

/** Takes a tree out of sight at once, then removes it. */
async function removeTree(path: string): Promise<void> {
  const hidden = join(dirname(path), `.${basename(path)}`);
  try {
    await rename(path, hidden);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return;
    throw err;
  }
  await rm(hidden, { recursive: true, force: true });
}
