/**
 * A log file that is appended to, and read back from its end.
 *
 * @module
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { nanosOf } from "../convert/time.ts";
import { parseLine } from "./line.ts";
import { LogPosition, type SavedPosition } from "./position.ts";

/** Mode of log files and of their directories. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o755;

/** How much is read at a time. Bytes; longer than any line. */
const BLOCK_BYTES = 256 * 1024;

const NEWLINE = 0x0a;

/** Where the file is, and where its position is kept when it is rotated. */
export interface LogFilePaths {
  readonly log: string;
  readonly position: string;
}

/** A log file; calls are done one after the other. */
export class LogFile implements AsyncDisposable {
  readonly #paths: LogFilePaths;
  #file: FileHandle;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(paths: LogFilePaths, file: FileHandle) {
    this.#paths = paths;
    this.#file = file;
  }

  /** Opens the file, makes it if it is missing, and cuts off a line that a crash has left unfinished. */
  static async open(paths: LogFilePaths): Promise<LogFile> {
    const file = await openLog(paths.log);
    try {
      await cutUnfinished(file);
      return new LogFile(paths, file);
    } catch (err) {
      await file.close();
      throw err;
    }
  }

  /** Appends whole lines. */
  append(lines: Uint8Array): Promise<void> {
    return this.#next(async () => {
      await this.#file.appendFile(lines);
    });
  }

  /** What has been written to this file and, as far as it can come again, to the one before. */
  position(): Promise<LogPosition> {
    return this.#next(() => this.#position());
  }

  /** Keeps the position, then goes on in the file that is at the path now, or in a new one. */
  reopen(): Promise<void> {
    return this.#next(async () => {
      const saved = (await this.#position()).save();
      if (saved !== undefined) await saveJson(this.#paths.position, saved);
      const file = await openLog(this.#paths.log);
      await this.#file.close();
      this.#file = file;
    });
  }

  /** Closes the file after what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next(() => this.#file.close());
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #position(): Promise<LogPosition> {
    const position = LogPosition.from(await loadJson<SavedPosition>(this.#paths.position));
    const { size } = await this.#file.stat();
    const from = await windowStart(this.#file, size, position);
    for await (const line of linesFrom(this.#file, from, size)) {
      const parsed = parseLine(line);
      if (parsed !== undefined) position.written(parsed.stream, parsed.time);
    }
    return position;
  }
}

/** Makes sure that the file is there. */
export async function touchLog(path: string): Promise<void> {
  await (await openLog(path)).close();
}

async function openLog(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants;
  return await open(path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, FILE_MODE);
}

async function cutUnfinished(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const newline = (await readAt(file, start, end)).lastIndexOf(NEWLINE);
    if (newline >= 0 && start + newline + 1 === size) return;
    if (newline >= 0) return await file.truncate(start + newline + 1);
    end = start;
  }
  if (size > 0) await file.truncate(0);
}

/** Where the lines begin that can come again: the start of a line well before the margin. */
async function windowStart(file: FileHandle, size: number, saved: LogPosition): Promise<number> {
  let newest = 0n;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = await readAt(file, start, end);
    const first = start === 0 ? 0 : block.indexOf(NEWLINE) + 1;
    const times = block
      .subarray(first)
      .toString("latin1")
      .split("\n")
      .map((line) => nanosOf(line.slice(0, line.indexOf(" "))))
      .filter((nanos) => nanos > 0n);
    for (const nanos of times) if (nanos > newest) newest = nanos;
    // A block that begins two margins before the newest line holds everything that can come again.
    if (times[0] !== undefined && times[0] < newest - 2_000_000_000n) return start + first;
    if (start === 0 || (saved.since !== undefined && newest < saved.since)) return start + first;
    end = start + first;
  }
  return 0;
}

async function* linesFrom(file: FileHandle, from: number, to: number): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for (let at = from; at < to; at += BLOCK_BYTES) {
    const block = await readAt(file, at, Math.min(to, at + BLOCK_BYTES));
    rest = rest.length === 0 ? block : Buffer.concat([rest, block]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      yield rest.toString("latin1", 0, end);
      rest = rest.subarray(end + 1);
    }
  }
}

async function readAt(file: FileHandle, from: number, to: number): Promise<Buffer<ArrayBuffer>> {
  const block = Buffer.alloc(to - from);
  const { bytesRead } = await file.read(block, 0, block.length, from);
  return block.subarray(0, bytesRead);
}

async function loadJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT" || err instanceof SyntaxError) return undefined;
    throw err;
  }
}

async function saveJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  await writeFile(temporary, JSON.stringify(value), { mode: 0o600, flush: true });
  await rename(temporary, path);
}

/** Removes a kept position. */
export async function forgetPosition(path: string): Promise<void> {
  await rm(path, { force: true });
}
