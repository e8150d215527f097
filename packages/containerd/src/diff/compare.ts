/**
 * Compare: writes what one snapshot has over another into the content store as a layer.
 *
 * Where the right side is the left side with one directory on top, as with a container and its image, only that
 * directory is read. Source: containerd plugins/diff/walking/differ.go.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, read } from "node:fs";
import { promisify } from "node:util";
import type { Call } from "../api/call.ts";
import type { Content } from "../api/content.ts";
import type { CompareOptions } from "../api/diff.ts";
import type { Mount } from "../api/mount.ts";
import { addLabels } from "../images/read.ts";
import { type Descriptor, hasCode, layerCompression, MEDIA_TYPE, RtError } from "../oci.ts";
import { type ApplyParts, optionOf } from "./apply.ts";
import {
  type Change,
  type ChangeOptions,
  type Comparison,
  changes,
  UnreadableUpperError,
} from "./changes.ts";
import { compress } from "./compression.ts";
import { toBinary, toText } from "./tar_entry.ts";
import { END_OF_ARCHIVE, encodeHeader, padding } from "./tar_writer.ts";

const UNCOMPRESSED_LABEL = "containerd.io/uncompressed";
const READ_BYTES = 512 * 1024;

const readAsync = promisify(read);

/** What comparing needs. */
export type CompareParts = Omit<ApplyParts, "content"> & { readonly content: Content };

/**
 * Writes the layer that makes `left` into `right`.
 *
 * @returns The layer's descriptor; the diffID is in the blob's label `containerd.io/uncompressed`.
 * @throws {RtError} `NOT_IMPLEMENTED` for a media type that is no layer's.
 */
export async function compareMounts(
  parts: CompareParts,
  left: readonly Mount[],
  right: readonly Mount[],
  options: CompareOptions,
  call: Call,
): Promise<Descriptor> {
  const direct = directComparison(left, right);
  if (direct !== undefined) {
    try {
      return await writeLayer(parts, direct, options, call);
    } catch (err) {
      if (!(err instanceof UnreadableUpperError)) throw err;
    }
  }
  return await parts.withMounts(right, async (rightRoot) => {
    const trees = (leftRoot: string | undefined): Comparison => ({
      kind: "trees",
      left: leftRoot && toBinary(leftRoot),
      right: toBinary(rightRoot),
    });
    if (left.length === 0) return await writeLayer(parts, trees(undefined), options, call);
    return await parts.withMounts(
      left,
      async (leftRoot) => await writeLayer(parts, trees(leftRoot), options, call),
    );
  });
}

/** How to compare two lists of mounts without mounting them; undefined if they have to be. */
export function directComparison(left: readonly Mount[], right: readonly Mount[]): Comparison | undefined {
  const below = layersOf(left);
  const above = layersOf(right);
  if (below === undefined || above === undefined || above[0] === undefined) return undefined;
  const rest = above.slice(1);
  if (rest.length === below.length && rest.every((dir, i) => dir === below[i])) {
    return { kind: "upper", upper: toBinary(above[0]) };
  }
  if (above.length > 1 || below.length > 1) return undefined;
  return { kind: "trees", left: below[0] && toBinary(below[0]), right: toBinary(above[0]) };
}

/** The directories that mounts show, nearest first. */
function layersOf(mounts: readonly Mount[]): string[] | undefined {
  const [mount] = mounts;
  if (mount === undefined) return [];
  if (mounts.length > 1 || (mount.target ?? "") !== "") return undefined;
  if (mount.type === "bind" || mount.options.includes("rbind")) return [mount.source];
  if (mount.type !== "overlay" || mount.options.includes("userxattr")) return undefined;
  const lower = optionOf(mount, "lowerdir");
  if (lower === undefined || lower.includes("\\")) return undefined;
  const upper = optionOf(mount, "upperdir");
  return [...(upper === undefined ? [] : [upper]), ...lower.split(":")];
}

async function writeLayer(
  parts: CompareParts,
  comparison: Comparison,
  options: CompareOptions,
  call: Call,
): Promise<Descriptor> {
  const mediaType = options.mediaType ?? MEDIA_TYPE.layerGzip;
  const compression = layerCompression(mediaType);
  if (compression === undefined) {
    throw new RtError("NOT_IMPLEMENTED", `unsupported diff media type: ${mediaType}: not implemented`);
  }
  const latest = options.sourceDateEpoch && Math.floor(options.sourceDateEpoch.getTime() / 1000);
  const changeOptions: ChangeOptions = latest === undefined ? {} : { latestSeconds: latest };
  const hash = createHash("sha256");
  const hashed = async function* (): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of tarStream(changes(comparison, parts.inodes, changeOptions))) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const ref = options.ref ?? `compare-${randomBytes(12).toString("hex")}`;
  await using writer = await parts.content.writer({ ref }, call);
  try {
    await writer.truncate(0);
    const packed = createHash("sha256");
    let size = 0;
    for await (const chunk of compress(hashed(), compression)) {
      call.signal?.throwIfAborted();
      packed.update(chunk);
      size += chunk.length;
      await writer.write(chunk);
    }
    const diffId = `sha256:${hash.digest("hex")}`;
    const digest = `sha256:${packed.digest("hex")}`;
    const labels = { ...options.labels, ...(compression !== "none" && { [UNCOMPRESSED_LABEL]: diffId }) };
    try {
      await writer.commit({ size, expected: digest, labels });
    } catch (err) {
      if (!hasCode(err, "ALREADY_EXISTS")) throw err;
      await addLabels(parts.content, digest, labels, call);
    }
    return { mediaType, digest, size };
  } catch (err) {
    await writer[Symbol.asyncDispose]();
    await parts.content.abort(ref, { namespace: call.namespace }).catch(() => {});
    throw err;
  }
}

/** The archive of `list`; closes the files. */
export async function* tarStream(list: AsyncIterable<Change>): AsyncGenerator<Uint8Array, void, void> {
  for await (const { entry, fd } of list) {
    try {
      yield encodeHeader(entry);
      if (fd === undefined) continue;
      const size = entry.size ?? 0;
      for (let at = 0; at < size; ) {
        const wanted = Math.min(READ_BYTES, size - at);
        const { bytesRead, buffer } = await readAsync(fd, Buffer.allocUnsafe(wanted), 0, wanted, at);
        if (bytesRead === 0) {
          throw new RtError(
            "ABORTED",
            `cannot read ${JSON.stringify(toText(entry.name))}: it changed meanwhile`,
          );
        }
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      const rest = padding(size);
      if (rest.length > 0) yield rest;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
  yield END_OF_ARCHIVE;
}
