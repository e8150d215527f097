/**
 * Apply: unpacks a layer from the content store onto a snapshot's mounts.
 *
 * An overlay's upper directory and a bound directory are written directly, without mounting: nobody else uses the
 * snapshot while it is being made. Anything else is mounted for the while.
 * Source: containerd core/diff/apply/apply_linux.go.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import type { Call } from "../api/call.ts";
import type { Content } from "../api/content.ts";
import type { ApplyOptions } from "../api/diff.ts";
import type { Mount } from "../api/mount.ts";
import type { Inodes } from "../host/inodes.ts";
import { type Descriptor, layerCompression, MEDIA_TYPE, RtError } from "../oci.ts";
import type { LayerTarget } from "./layer_writer.ts";
import { toBinary, toPath } from "./tar_entry.ts";
import { unpackLayer } from "./unpack_layer.ts";

/** What applying needs. */
export interface ApplyParts {
  readonly content: Pick<Content, "read">;
  readonly inodes: Inodes;
  /** Mounts `mounts` somewhere, runs `work` on it, and unmounts. */
  readonly withMounts: <T>(mounts: readonly Mount[], work: (root: string) => Promise<T>) => Promise<T>;
}

/**
 * Unpacks `layer` onto `mounts`.
 *
 * @returns The descriptor of the uncompressed layer; its digest is the diffID.
 * @throws {RtError} `NOT_FOUND` if the blob is missing; `NOT_IMPLEMENTED` if it is no layer; {@linkcode ArchiveError},
 * {@linkcode LayerEntryError}.
 */
export async function applyLayer(
  parts: ApplyParts,
  layer: Descriptor,
  mounts: readonly Mount[],
  options: ApplyOptions,
  call: Call,
): Promise<Descriptor> {
  if (layerCompression(layer.mediaType) === undefined) {
    throw new RtError("NOT_IMPLEMENTED", `no processor for media-type: ${layer.mediaType}: not implemented`);
  }
  const unpack = async (target: LayerTarget): Promise<Descriptor> => {
    const source = parts.content.read(layer.digest, {}, call);
    const unpacked = await unpackLayer(
      source,
      target,
      parts.inodes,
      call.signal ? { signal: call.signal } : {},
    );
    if (options.syncFs) await parts.inodes.syncFs(toPath(target.root));
    return { mediaType: MEDIA_TYPE.layer, digest: unpacked.diffId, size: unpacked.size };
  };
  const target = directTarget(mounts);
  if (target !== undefined) return await unpack(target);
  return await parts.withMounts(mounts, (root) =>
    unpack({ root: toBinary(root), lowers: [], whiteouts: "delete", empty: false }),
  );
}

/** The directory that mounts lead to, if it can be written without mounting them. */
export function directTarget(mounts: readonly Mount[]): LayerTarget | undefined {
  const [mount] = mounts;
  if (mount === undefined || mounts.length !== 1 || (mount.target ?? "") !== "") return undefined;
  if (mount.type === "bind" || mount.options.includes("bind") || mount.options.includes("rbind")) {
    if (mount.options.includes("ro")) return undefined;
    return { root: toBinary(mount.source), lowers: [], whiteouts: "delete", empty: isEmpty(mount.source) };
  }
  if (mount.type !== "overlay" || mount.options.includes("userxattr")) return undefined;
  const upper = optionOf(mount, "upperdir");
  const lower = optionOf(mount, "lowerdir");
  if (upper === undefined || lower === undefined || /[\\]/.test(lower)) return undefined;
  const lowers = lower.split(":").map(toBinary);
  return { root: toBinary(upper), lowers, whiteouts: "overlay", empty: isEmpty(upper) };
}

/** The value of option `name=…`. */
export function optionOf(mount: Mount, name: string): string | undefined {
  return mount.options.find((o) => o.startsWith(`${name}=`))?.slice(name.length + 1);
}

function isEmpty(path: string): boolean {
  return readdirSync(path).length === 0;
}
