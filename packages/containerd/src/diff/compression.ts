/**
 * Compression of layers: which one the first bytes tell, and streams that do and undo it.
 *
 * node:zlib's streams work on the engine's thread pool, so a layer is decompressed beside the main thread.
 * Source: image-spec media-types.md; containerd core/images/mediatypes.go `DiffCompression`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Transform } from "node:stream";
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from "node:zlib";
import type { Compression } from "../oci.ts";
import { ArchiveError } from "./errors.ts";

const CHUNK = 512 * 1024;

/** The compression that the first bytes of a stream show. */
export function detectCompression(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b && start[2] === 0x08) return "gzip";
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) return "zstd";
  // A skippable frame may come first in a zstd stream.
  if ((start[0]! & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18)
    return "zstd";
  return "none";
}

/**
 * The uncompressed bytes of `source`, whichever way it is packed.
 *
 * @throws {ArchiveError} `INVALID_ARGUMENT` if the packed bytes are damaged or cut off.
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const { head, rest } = await peek(source);
  const compression = detectCompression(head);
  if (compression === "none") {
    yield* rest;
    return;
  }
  const unpack =
    compression === "gzip" ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
  const fed = feed(rest, unpack);
  try {
    for await (const chunk of unpack) yield chunk as Uint8Array;
  } catch (err) {
    await fed.catch(() => {}); // an error of the source is the cause, if there is one
    throw (
      fed.failure ??
      new ArchiveError(`${compression}: ${err instanceof Error ? err.message : String(err)}`, { cause: err })
    );
  } finally {
    unpack.destroy();
  }
  await fed;
}

/** Compresses `source`; gzip as fast as containerd's default level is good. */
export async function* compress(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, void> {
  if (compression === "none") {
    yield* source;
    return;
  }
  const pack =
    compression === "gzip"
      ? createGzip({ chunkSize: CHUNK, level: constants.Z_DEFAULT_COMPRESSION })
      : createZstdCompress({ chunkSize: CHUNK });
  const fed = feed(source, pack);
  try {
    for await (const chunk of pack) yield chunk as Uint8Array;
  } catch (err) {
    await fed.catch(() => {});
    throw fed.failure ?? err;
  } finally {
    pack.destroy();
  }
  await fed;
}

/** Writes `source` into `into`, waiting where it is full. The error of the source, if any, is kept apart. */
function feed(source: AsyncIterable<Uint8Array>, into: Transform): Promise<void> & { failure?: unknown } {
  const run = async (): Promise<void> => {
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) break;
        if (into.destroyed) return;
        if (!into.write(value)) await drained(into);
      }
      into.end();
    } catch (err) {
      out.failure = err;
      into.destroy(err instanceof Error ? err : new Error(String(err)));
      throw err;
    } finally {
      await iterator.return?.();
    }
  };
  const out: Promise<void> & { failure?: unknown } = Promise.resolve().then(run);
  out.catch(() => {}); // whoever awaits it sees it; the stream's end comes first
  return out;
}

function drained(stream: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done).off("error", done);
      resolve();
    };
    stream.on("drain", done).on("close", done).on("error", done);
    if (stream.destroyed) done();
  });
}

async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncGenerator<Uint8Array, void, void> }> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < 4) {
    const { done, value } = await iterator.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  const head = Buffer.concat(first.map((c) => c.subarray(0, 4))).subarray(0, 4);
  return {
    head,
    rest: (async function* () {
      try {
        yield* first;
        for (;;) {
          const { done, value } = await iterator.next();
          if (done) return;
          yield value;
        }
      } finally {
        await iterator.return?.();
      }
    })(),
  };
}
