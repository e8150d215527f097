/**
 * Reads a tar archive from a stream, entry by entry, holding no more than one chunk and one header.
 *
 * Understands ustar, GNU (long names, base-256 numbers, sparse) and PAX. Headers are bounded, so that a hostile
 * archive cannot make us hold more than {@linkcode MAX_SPECIAL_BYTES} for one entry.
 *
 * | offset | 0 | 100 | 108 | 116 | 124 | 136 | 148 | 156 | 157 | 257 | 329 | 337 | 345 |
 * | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
 * | field | name | mode | uid | gid | size | mtime | checksum | type | link | magic | major | minor | prefix |
 *
 * Source: POSIX.1-2017 pax; GNU tar manual, "Basic Tar Format", "Storing Sparse Files".
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ByteSource } from "./byte_source.ts";
import { ArchiveError } from "./errors.ts";
import { type PaxRecords, paxTime, readPax } from "./pax.ts";
import { oldSparseSegments, type SparseMap, sparseFromPax } from "./sparse.ts";
import type { TarEntry, TarEntryType, TarTime } from "./tar_entry.ts";
import { isZeroBlock, parseNumber, parseText, verifyChecksum } from "./tar_field.ts";

/** Longest PAX header, long name or sparse map that is accepted: 1 MiB, as in Go's archive/tar. */
export const MAX_SPECIAL_BYTES: number = 1 << 20;

const BLOCK = 512;
const TYPES: Readonly<Record<string, TarEntryType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  S: "file",
  "1": "link",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/** A cursor over the entries of one archive. */
export class TarReader {
  readonly #source: ByteSource;
  #bodyLeft = 0;
  #padding = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = new ByteSource(source);
  }

  /**
   * Skips what is left of the current entry and reads the next header; undefined at the end of the archive.
   *
   * @throws {ArchiveError} `INVALID_ARGUMENT` if the archive is damaged or breaks a bound.
   */
  async next(): Promise<TarEntry | undefined> {
    await this.#source.skip(this.#bodyLeft + this.#padding);
    this.#bodyLeft = this.#padding = 0;
    let pax: PaxRecords | undefined;
    let longName: string | undefined;
    let longLink: string | undefined;
    for (;;) {
      const block = await this.#source.take(BLOCK);
      if (block === undefined) {
        if (pax || longName || longLink) throw new ArchiveError("an extended header has no entry");
        return undefined;
      }
      if (isZeroBlock(block)) {
        // The end is two zero blocks; like Go's reader, one followed by anything else is not.
        const second = await this.#source.take(BLOCK);
        if (second !== undefined && !isZeroBlock(second)) throw new ArchiveError("data after a zero block");
        return undefined;
      }
      verifyChecksum(block);
      const flag = String.fromCharCode(block[156]!);
      if (flag === "x" || flag === "g" || flag === "L" || flag === "K") {
        const body = await this.#special(parseNumber(block, 124, 12));
        if (flag === "x") pax = readPax(body);
        else if (flag === "L") longName = parseText(body, 0, body.length);
        else if (flag === "K") longLink = parseText(body, 0, body.length);
        else readPax(body); // a global header is checked, then ignored, as containerd does
        continue;
      }
      return await this.#entry(block, flag, pax, longName, longLink);
    }
  }

  /** The next piece of the current entry's body, at most `limitBytes` long; undefined at its end. */
  async read(limitBytes: number = 1 << 20): Promise<Uint8Array | undefined> {
    if (this.#bodyLeft === 0) return undefined;
    const chunk = await this.#source.some(Math.min(limitBytes, this.#bodyLeft));
    if (chunk === undefined) throw new ArchiveError("unexpected end of archive in a file");
    this.#bodyLeft -= chunk.length;
    return chunk;
  }

  /** Reads what follows the archive's end, so that a digest over the stream covers every byte. */
  async drain(): Promise<void> {
    await this.#source.drain();
  }

  async #special(size: number): Promise<Buffer> {
    if (size < 0 || size > MAX_SPECIAL_BYTES) throw new ArchiveError(`extended header of ${size} bytes`);
    const body = await this.#source.take(size);
    if (body === undefined) throw new ArchiveError("unexpected end of archive in an extended header");
    await this.#source.skip(-size & (BLOCK - 1));
    return Buffer.from(body); // `take` may hand out a view of a chunk
  }

  async #entry(
    block: Buffer,
    flag: string,
    pax: PaxRecords | undefined,
    longName: string | undefined,
    longLink: string | undefined,
  ): Promise<TarEntry> {
    let type = TYPES[flag];
    if (type === undefined) throw new ArchiveError(`unhandled tar header type ${block[156]}`);
    const gnu = block.toString("latin1", 257, 265) === "ustar  \0";
    const ustar = block.toString("latin1", 257, 263) === "ustar\0";
    const prefix = ustar ? parseText(block, 345, 155) : "";
    const plain = parseText(block, 0, 100);
    let name = pax?.path ?? longName ?? (prefix === "" ? plain : `${prefix}/${plain}`);
    let stored = pax?.size ?? parseNumber(block, 124, 12);
    if (!Number.isSafeInteger(stored) || stored < 0) throw new ArchiveError(`file size ${stored}`);
    if (type !== "file") stored = 0;
    else if (flag !== "S" && name.endsWith("/")) type = "directory"; // the v7 way; a body is still passed over
    const devices = ustar || gnu;
    let sparse: SparseMap | undefined;
    this.#bodyLeft = stored;
    this.#padding = -stored & (BLOCK - 1);
    if (flag === "S") {
      sparse = await oldSparseSegments(this.#source, block, stored);
    } else if (type === "file" && pax?.sparse !== undefined) {
      const found = await sparseFromPax(this.#source, pax.sparse, stored, MAX_SPECIAL_BYTES);
      sparse = found.map;
      name = found.name ?? name;
      this.#bodyLeft = stored - found.mapBytes;
    }
    const mtime: TarTime = paxTime(pax?.mtime) ?? { seconds: parseNumber(block, 136, 12), nanoseconds: 0 };
    const atime = paxTime(pax?.atime);
    return {
      type,
      name,
      linkName:
        type === "link" || type === "symlink"
          ? (pax?.linkpath ?? longLink ?? parseText(block, 157, 100))
          : "",
      mode: parseNumber(block, 100, 8) & 0o7777,
      uid: pax?.uid ?? parseNumber(block, 108, 8),
      gid: pax?.gid ?? parseNumber(block, 116, 8),
      size: type === "file" ? this.#bodyLeft : 0,
      mtime,
      ...(atime && { atime }),
      deviceMajor: devices ? parseNumber(block, 329, 8) : 0,
      deviceMinor: devices ? parseNumber(block, 337, 8) : 0,
      xattrs: pax?.xattrs ?? NO_XATTRS,
      ...(sparse && { sparse }),
    };
  }
}

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();
