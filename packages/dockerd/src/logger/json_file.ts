/**
 * The json-file driver: one file of JSON lines, rotated by size, read back by blocks.
 *
 * A chunk of output becomes one write. A line that has no newline yet waits in memory and, so that a killed engine
 * loses nothing of it, in `<log>.pending` (one write of at most 16 KiB, only when a chunk ends within a line).
 * Source: moby `daemon/logger/jsonfilelog`, `daemon/logger/copier.go` (16 KiB parts), `loggerutils/logfile.go`.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import type { OutputChunk } from "../api/engine.ts";
import { InvalidParameterError } from "../errors.ts";
import { formatNanoFixed, type NanoClock } from "../time.ts";
import { LineEncoder, PART_BYTES } from "./json_line.ts";
import { readLogFiles } from "./json_reader.ts";
import type { ContainerLog, LogEntry, LogReadOptions } from "./logger.ts";

/** Rotation if nobody says. */
const DEFAULT_OPTIONS: JsonFileOptions = { maxBytes: 100 * 1024 * 1024, maxFiles: 5 };

/** Rotation. */
export interface JsonFileOptions {
  /** Size at which a new file begins; 0 for never. Bytes. */
  readonly maxBytes: number;
  /** How many files there may be. */
  readonly maxFiles: number;
}

/** Reads `max-size` and `max-file`. @throws {InvalidParameterError} with Docker's text. */
export function jsonFileOptions(options: Readonly<Record<string, string>>): JsonFileOptions {
  let { maxBytes, maxFiles } = DEFAULT_OPTIONS;
  for (const [key, value] of Object.entries(options)) {
    if (key === "max-size") {
      const match = /^([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)i?b?$/i.exec(value);
      if (match === null && value !== "-1") throw new InvalidParameterError(`invalid size: '${value}'`);
      const power = { "": 0, k: 1, m: 2, g: 3, t: 4 }[match?.[2]?.toLowerCase() ?? ""] ?? 0;
      maxBytes = match === null ? 0 : Math.floor(Number(match[1]) * 1024 ** power);
    } else if (key === "max-file") {
      maxFiles = Number(value);
      if (!Number.isInteger(maxFiles) || maxFiles < 1)
        throw new InvalidParameterError("max-file cannot be less than 1");
    } else if (
      !["labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size", "compress"].includes(
        key,
      )
    ) {
      throw new InvalidParameterError(`unknown log opt '${key}' for json-file log driver`);
    }
  }
  return { maxBytes, maxFiles };
}

/** What waits for its newline. */
type Pending = Record<OutputChunk["stream"], Buffer>;

/** A log in `path`. */
export class JsonFileLog implements ContainerLog {
  readonly #path: string;
  readonly #options: JsonFileOptions;
  readonly #clock: NanoClock;
  readonly #pending: Pending;
  readonly #encoder = new LineEncoder();
  readonly #followers = new Set<() => void>();
  #pendingFd: number | undefined;
  #fd: number | undefined;
  #size = 0;
  #closed = false;

  /** Opens the log, or what an earlier engine left of it. */
  constructor(path: string, options: JsonFileOptions, clock: NanoClock) {
    this.#path = path;
    this.#options = options;
    this.#clock = clock;
    this.#pending = readPending(`${path}.pending`);
    this.#open();
  }

  #open(): void {
    this.#fd = openSync(this.#path, "a", 0o640);
    this.#size = fstatSync(this.#fd).size;
  }

  write({ stream, data }: OutputChunk): void {
    if (this.#closed) return;
    const waiting = this.#pending[stream];
    const all = waiting.length === 0 ? data : Buffer.concat([waiting, data]);
    let whole = all.lastIndexOf(10) + 1;
    // So much without a newline becomes a part; what is left waits.
    if (all.length - whole >= PART_BYTES) whole += partsOf(all.subarray(whole));
    if (whole > 0)
      this.#append(this.#encoder.encode(all.subarray(0, whole), stream, formatNanoFixed(this.#clock())));
    if (whole < all.length || waiting.length > 0) {
      this.#pending[stream] = Buffer.from(all.subarray(whole));
      this.#savePending();
    }
    if (whole > 0) this.#wake();
  }

  /** Appends to the file, in a new one if it is full. */
  #append(bytes: Uint8Array): void {
    if (this.#options.maxBytes > 0 && this.#size > 0 && this.#size + bytes.length > this.#options.maxBytes)
      this.#rotate();
    let at = 0;
    while (at < bytes.length) at += writeSync(this.#fd!, bytes, at);
    this.#size += bytes.length;
  }

  /** Moves `log` to `log.1`, that to `log.2` and so on, and begins anew. */
  #rotate(): void {
    closeSync(this.#fd!);
    const { maxFiles } = this.#options;
    if (maxFiles <= 1) rmSync(this.#path, { force: true });
    else {
      rmSync(`${this.#path}.${maxFiles - 1}`, { force: true });
      for (let i = maxFiles - 1; i > 1; i--) {
        if (existsSync(`${this.#path}.${i - 1}`)) renameSync(`${this.#path}.${i - 1}`, `${this.#path}.${i}`);
      }
      renameSync(this.#path, `${this.#path}.1`);
    }
    this.#open();
  }

  /** Keeps what waits: two lengths, then the bytes of stdout and stderr. */
  #savePending(): void {
    this.#pendingFd ??= openSync(`${this.#path}.pending`, "w", 0o640);
    const { stdout, stderr } = this.#pending;
    const record = Buffer.alloc(8 + stdout.length + stderr.length);
    record.writeUInt32LE(stdout.length, 0);
    record.writeUInt32LE(stderr.length, 4);
    record.set(stdout, 8);
    record.set(stderr, 8 + stdout.length);
    writeSync(this.#pendingFd, record, 0, record.length, 0);
  }

  #wake(): void {
    for (const wake of this.#followers) wake();
  }

  read(options: LogReadOptions): AsyncIterable<LogEntry> {
    return readLogFiles(
      {
        path: this.#path,
        maxFiles: this.#options.maxFiles,
        isOpen: () => !this.#closed,
        changed: (signal) =>
          new Promise((resolve) => {
            const done = (): void => {
              this.#followers.delete(done);
              signal?.removeEventListener("abort", done);
              resolve();
            };
            this.#followers.add(done);
            if (signal?.aborted || this.#closed) done();
            else signal?.addEventListener("abort", done, { once: true });
          }),
      },
      options,
    );
  }

  close(): void {
    if (this.#closed) return;
    const time = formatNanoFixed(this.#clock());
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = this.#pending[stream];
      if (rest.length > 0) this.#append(this.#encoder.encode(rest, stream, time));
    }
    this.#closed = true;
    closeSync(this.#fd!);
    if (this.#pendingFd !== undefined) closeSync(this.#pendingFd);
    rmSync(`${this.#path}.pending`, { force: true });
    this.#wake();
  }
}

/** How much of a text without newline, of at least 16 KiB, makes whole parts. Bytes. */
function partsOf(text: Uint8Array): number {
  let end = text.length - (text.length % PART_BYTES);
  // Not within a character.
  while (end > 0 && ((text[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}

/** What an earlier engine left waiting. */
function readPending(path: string): Pending {
  const none = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  try {
    const record = readFileSync(path);
    if (record.length < 8) return none;
    const [out, err] = [record.readUInt32LE(0), record.readUInt32LE(4)];
    if (record.length < 8 + out + err || out > PART_BYTES || err > PART_BYTES) return none;
    return { stdout: record.subarray(8, 8 + out), stderr: record.subarray(8 + out, 8 + out + err) };
  } catch {
    return none;
  }
}
