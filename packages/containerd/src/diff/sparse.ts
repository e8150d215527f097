/**
 * Sparse files in tar: the old GNU header (type `S`) and the PAX formats 0.0, 0.1 and 1.0.
 *
 * Source: GNU tar manual, "Storing Sparse Files"; the same bounds as Go's archive/tar.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { ByteSource } from "./byte_source.ts";
import { ArchiveError } from "./errors.ts";
import type { SparseSegment } from "./tar_entry.ts";
import { parseNumber } from "./tar_field.ts";

const MAX_SEGMENTS = 1 << 16;

/** Where the bytes of a sparse file belong. */
export interface SparseMap {
  /** Size of the file with its holes. Bytes. */
  readonly size: number;
  readonly segments: readonly SparseSegment[];
}

/** Reads the map of an old GNU sparse header and its extension blocks. */
export async function oldSparseSegments(
  source: ByteSource,
  header: Buffer,
  stored: number,
): Promise<SparseMap> {
  const size = parseNumber(header, 483, 12);
  const segments: SparseSegment[] = [];
  let block = header;
  let at = 386;
  let count = 4;
  let extended = header[482] !== 0;
  for (;;) {
    for (let i = 0; i < count; i++, at += 24) {
      if (block[at] === 0) break;
      segments.push({ offset: parseNumber(block, at, 12), length: parseNumber(block, at + 12, 12) });
    }
    if (!extended) return checked({ size, segments }, stored);
    if (segments.length > MAX_SEGMENTS) throw new ArchiveError("sparse map too long");
    const next = await source.take(512);
    if (next === undefined) throw new ArchiveError("unexpected end of archive in a sparse map");
    block = next;
    at = 0;
    count = 21;
    extended = next[504] !== 0;
  }
}

/** Reads the map of a PAX sparse file; for version 1.0 it stands at the start of the body. */
export async function sparseFromPax(
  source: ByteSource,
  records: readonly (readonly [string, string])[],
  stored: number,
  limitBytes: number,
): Promise<{ map?: SparseMap; name?: string; mapBytes: number }> {
  const get = (key: string): string | undefined => records.findLast(([k]) => k === key)?.[1];
  const name = get("name");
  const named = name === undefined ? {} : { name };
  if (get("major") === "1" && get("minor") === "0") {
    const { numbers, bytes } = await leadingNumbers(source, stored, limitBytes);
    const map = checked(
      { size: integer(get("realsize") ?? get("size")), segments: pairs(numbers) },
      stored - bytes,
    );
    return { map, ...named, mapBytes: bytes };
  }
  const listed = get("map");
  const numbers =
    listed === undefined
      ? records.filter(([k]) => k === "offset" || k === "numbytes").map(([, v]) => integer(v))
      : listed.split(",").filter(Boolean).map(integer);
  if (get("size") === undefined) return { ...named, mapBytes: 0 };
  const map = checked({ size: integer(get("size")), segments: pairs(numbers) }, stored);
  return { map, ...named, mapBytes: 0 };
}

async function leadingNumbers(
  source: ByteSource,
  stored: number,
  limitBytes: number,
): Promise<{ numbers: number[]; bytes: number }> {
  const numbers: number[] = [];
  let partial = "";
  let wanted = 1;
  for (let bytes = 0; ; ) {
    if (bytes + 512 > Math.min(stored, limitBytes)) throw new ArchiveError("sparse map too long");
    const block = await source.take(512);
    if (block === undefined) throw new ArchiveError("unexpected end of archive in a sparse map");
    bytes += 512;
    const lines = (partial + block.toString("latin1")).split("\n");
    partial = lines.pop()!;
    for (const line of lines) {
      if (numbers.length === wanted) break; // the rest of the block is padding
      numbers.push(integer(line));
      if (numbers.length === 1) wanted = 1 + 2 * numbers[0]!;
      if (wanted > 1 + 2 * MAX_SEGMENTS) throw new ArchiveError("sparse map too long");
    }
    if (numbers.length === wanted) return { numbers: numbers.slice(1), bytes };
  }
}

function integer(text: string | undefined): number {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new ArchiveError("invalid number in a sparse map");
  return value;
}

function pairs(numbers: readonly number[]): SparseSegment[] {
  if (numbers.length % 2 !== 0) throw new ArchiveError("odd sparse map");
  const out: SparseSegment[] = [];
  for (let i = 0; i < numbers.length; i += 2) out.push({ offset: numbers[i]!, length: numbers[i + 1]! });
  return out;
}

function checked(map: SparseMap, stored: number): SparseMap {
  let end = 0;
  let total = 0;
  for (const { offset, length } of map.segments) {
    if (offset < end || length < 0 || offset + length > map.size)
      throw new ArchiveError("invalid sparse map");
    end = offset + length;
    total += length;
  }
  if (total !== stored || !Number.isSafeInteger(map.size)) throw new ArchiveError("invalid sparse map");
  return map;
}
