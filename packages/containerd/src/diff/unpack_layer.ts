/**
 * Unpacks a layer's stream into a directory: decompress, hash, read the archive, make the entries.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { Inodes } from "../host/inodes.ts";
import { decompress } from "./compression.ts";
import { type LayerTarget, LayerWriter } from "./layer_writer.ts";
import { TarReader } from "./tar_reader.ts";

/** How long entries are made without letting the event loop turn. Milliseconds. */
const SLICE_MS = 8;

/** What was unpacked. */
export interface UnpackedLayer {
  /** Digest of the uncompressed archive: the diffID. */
  readonly diffId: string;
  /** Size of the uncompressed archive. Bytes. */
  readonly size: number;
  readonly entries: number;
}

/**
 * Unpacks `source` into `target`.
 *
 * @throws {ArchiveError} `INVALID_ARGUMENT` if the archive is damaged or hostile; {@linkcode LayerEntryError} for an
 * entry that cannot be made. What was made so far stays: the caller drops the directory.
 */
export async function unpackLayer(
  source: AsyncIterable<Uint8Array>,
  target: LayerTarget,
  inodes: Inodes,
  options: { readonly signal?: AbortSignal; readonly umask?: number } = {},
): Promise<UnpackedLayer> {
  const hash = createHash("sha256");
  let size = 0;
  const hashed = async function* (): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of decompress(source)) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  const stream = hashed();
  const reader = new TarReader(stream);
  const writer = new LayerWriter(target, inodes, options.umask ?? process.umask());
  let entries = 0;
  try {
    let since = performance.now();
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      await writer.write(entry, reader);
      if ((++entries & 31) === 0 && performance.now() - since > SLICE_MS) {
        options.signal?.throwIfAborted();
        await turn();
        since = performance.now();
      }
    }
    await reader.drain();
    await writer.finish();
  } finally {
    await stream.return();
  }
  return { diffId: `sha256:${hash.digest("hex")}`, size, entries };
}
