/**
 * Writes the body of a file entry: small ones in one call on this thread, larger ones in pieces on the engine's
 * pool, where the next piece is decompressed and hashed meanwhile.
 *
 * @module
 */
import { ftruncateSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { ArchiveError } from "./errors.ts";
import type { TarEntry } from "./tar_entry.ts";
import type { TarReader } from "./tar_reader.ts";

/** Pieces up to this size are written at once: cheaper than a turn through the pool. */
const DIRECT_BYTES = 64 * 1024;

const writeAsync = promisify(write);

/** Writes all of `entry`'s body from `reader` to `fd`. */
export async function writeBody(fd: number, entry: TarEntry, reader: TarReader): Promise<void> {
  if (entry.sparse !== undefined) {
    for (const { offset, length } of entry.sparse.segments) await writeRun(fd, offset, length, reader);
    ftruncateSync(fd, entry.sparse.size);
  } else if (entry.size > 0) {
    await writeRun(fd, 0, entry.size, reader);
  }
}

async function writeRun(fd: number, start: number, length: number, reader: TarReader): Promise<void> {
  let position = start;
  const end = start + length;
  let running: Promise<void> | undefined;
  try {
    while (position < end) {
      const chunk = await reader.read(end - position);
      if (chunk === undefined) throw new ArchiveError("unexpected end of archive in a file");
      const at = position;
      position += chunk.length;
      await running;
      running = undefined;
      if (chunk.length <= DIRECT_BYTES) writeAll(fd, chunk, at);
      else running = writeAllAsync(fd, chunk, at);
    }
  } finally {
    await running;
  }
}

function writeAll(fd: number, chunk: Uint8Array, position: number): void {
  for (let done = 0; done < chunk.length; ) {
    done += writeSync(fd, chunk, done, chunk.length - done, position + done);
  }
}

async function writeAllAsync(fd: number, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await writeAsync(fd, chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}
