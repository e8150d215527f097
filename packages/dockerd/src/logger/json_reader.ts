/**
 * Reads json-file logs back: by blocks, the oldest file first, from the end for the last lines, and on as they grow.
 *
 * @module
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { decodeLine } from "./json_line.ts";
import type { LogEntry, LogReadOptions } from "./logger.ts";

/** Size of a block. Bytes. */
const BLOCK_BYTES = 256 * 1024;

/** The files of a log and how they change. */
export interface LogFiles {
  readonly path: string;
  readonly maxFiles: number;
  /** Whether something can still be written. */
  isOpen(): boolean;
  /** Resolves after the next write, at the end, or when the signal fires. */
  changed(signal?: AbortSignal): Promise<void>;
}

/** The entries that `options` ask for. */
export async function* readLogFiles(files: LogFiles, options: LogReadOptions): AsyncGenerator<LogEntry> {
  const { since, until, tail, follow = false, signal } = options;
  const wanted = (entry: LogEntry): boolean => since === undefined || entry.time >= since;
  const late = (entry: LogEntry): boolean => until !== undefined && entry.time > until;
  await using opened = await openAll(files);
  const { handles } = opened;
  let start = { file: 0, offset: 0 };
  if (tail !== undefined) start = await tailStart(handles, tail);
  for (let i = start.file; i < handles.length - 1; i++) {
    for await (const { entry } of entriesOf(handles[i]!, i === start.file ? start.offset : 0)) {
      if (signal?.aborted || late(entry)) return;
      if (wanted(entry)) yield entry;
    }
  }
  let current = handles.at(-1);
  let offset = start.file === handles.length - 1 ? start.offset : 0;
  for (;;) {
    // Asked before reading, so that a write after the last read is not missed.
    const open = files.isOpen();
    const change = follow && open ? files.changed(signal) : undefined;
    if (current !== undefined) {
      for await (const { entry, end } of entriesOf(current, offset)) {
        if (signal?.aborted || late(entry)) return;
        offset = end;
        if (wanted(entry)) yield entry;
      }
    }
    const rotated = follow ? await successor(files.path, current) : undefined;
    if (rotated !== undefined) {
      handles.push(rotated);
      current = rotated;
      offset = 0;
      continue;
    }
    if (change === undefined || signal?.aborted) return;
    await change;
  }
}

/** Opens every file of the log, the oldest first. */
async function openAll(files: LogFiles): Promise<{ handles: FileHandle[] } & AsyncDisposable> {
  const names = Array.from(
    { length: files.maxFiles - 1 },
    (_, i) => `${files.path}.${files.maxFiles - 1 - i}`,
  );
  const opened = await Promise.all(
    [...names, files.path].map((name) => open(name, "r").catch(() => undefined)),
  );
  const handles = opened.filter((handle) => handle !== undefined);
  return {
    handles,
    async [Symbol.asyncDispose]() {
      await Promise.all(handles.map((handle) => handle.close()));
    },
  };
}

/** The file that is at `path` now, if it is not `current`. */
async function successor(path: string, current: FileHandle | undefined): Promise<FileHandle | undefined> {
  const now = await stat(path).catch(() => undefined);
  if (now === undefined) return undefined;
  if (current !== undefined && (await current.stat()).ino === now.ino) return undefined;
  return await open(path, "r").catch(() => undefined);
}

/** Entries from `offset` on, each with the offset behind it; a torn line at the end is left for later. */
async function* entriesOf(
  handle: FileHandle,
  offset: number,
): AsyncGenerator<{ entry: LogEntry; end: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let at = offset;
  for (;;) {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, at + rest.length);
    if (bytesRead === 0) return;
    const data =
      rest.length === 0 ? block.subarray(0, bytesRead) : Buffer.concat([rest, block.subarray(0, bytesRead)]);
    let start = 0;
    for (let newline = data.indexOf(10); newline >= 0; newline = data.indexOf(10, start)) {
      const entry = decodeLine(data.toString("utf8", start, newline));
      start = newline + 1;
      if (entry !== undefined) yield { entry, end: at + start };
    }
    rest = data.subarray(start);
    at += start;
  }
}

/** Where the last `count` lines begin. */
async function tailStart(
  handles: readonly FileHandle[],
  count: number,
): Promise<{ file: number; offset: number }> {
  let left = count;
  for (let file = handles.length - 1; file >= 0; file--) {
    const handle = handles[file]!;
    let at = (await handle.stat()).size;
    let isLast = true;
    if (left === 0) return { file, offset: at };
    while (at > 0) {
      const length = Math.min(BLOCK_BYTES, at);
      const block = Buffer.allocUnsafe(length);
      await handle.read(block, 0, length, at - length);
      for (let i = length - 1; i >= 0; i--) {
        if (block[i] !== 10) continue;
        if (isLast && at - length + i === at - 1) {
          // The newline that ends the last line.
          isLast = false;
          continue;
        }
        isLast = false;
        left--;
        if (left === 0) return { file, offset: at - length + i + 1 };
      }
      at -= length;
    }
    if (!isLast) left--;
    if (left <= 0) return { file, offset: 0 };
  }
  return { file: 0, offset: 0 };
}
