/**
 * Reads the records of a report fd; the layout is in `launch/record.ts`.
 *
 * @module
 */

import type { Program } from "../launch/program.ts";
import { RECORD_KIND } from "../launch/program.ts";
import { LOAD_FAILURE, RECORD_HEADER, TRACE_RECORD } from "../launch/record.ts";
import type { LaunchRecord } from "./kernel.ts";

/** A record as it came. */
export interface RawRecord {
  /** Kind, `RECORD_KIND` or the trace's. */
  readonly kind: number;
  /** Identity of the launch. */
  readonly seq: number;
  /** Tag, or operation index of a failure. */
  readonly tag: number;
  /** Value, or errno of a failure. */
  readonly value: bigint;
  /** Data; empty for most. */
  readonly bytes: Uint8Array;
}

/** Cuts a byte stream into records. */
export class RecordSplitter {
  #rest: Uint8Array = new Uint8Array(0);

  /** The records that `chunk` completes. */
  push(chunk: Uint8Array): RawRecord[] {
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const records: RawRecord[] = [];
    let at = 0;
    while (bytes.length - at >= RECORD_HEADER) {
      const size = view.getUint32(at, true);
      if (size < RECORD_HEADER || size > 4096) throw new RangeError(`record of ${size} bytes`);
      if (bytes.length - at < size) break;
      records.push({
        kind: view.getUint32(at + 4, true) & 0x7fff_ffff,
        seq: view.getUint32(at + 8, true),
        tag: view.getUint32(at + 12, true),
        value: view.getBigInt64(at + 16, true),
        bytes: bytes.slice(at + RECORD_HEADER, at + size),
      });
      at += size;
    }
    this.#rest = bytes.slice(at);
    return records;
  }
}

/** What a raw record means for `program`; undefined for kinds that are the port's own. */
export function interpretRecord(program: Program, raw: RawRecord): LaunchRecord | undefined {
  switch (raw.kind) {
    case RECORD_KIND.failure: {
      const op = program.ops[raw.tag];
      const unknown = raw.tag === LOAD_FAILURE ? "load launch program" : `run operation ${raw.tag}`;
      const name = op?.name ?? unknown;
      return {
        kind: "failure",
        op: raw.tag,
        name,
        syscall: op?.syscall ?? op?.kind ?? "image",
        errno: Number(raw.value),
      };
    }
    case RECORD_KIND.value:
      return { kind: "value", tag: raw.tag, value: raw.value };
    case RECORD_KIND.data:
      return { kind: "data", tag: raw.tag, bytes: raw.bytes };
    case TRACE_RECORD:
      return { kind: "trace", steps: traceSteps(program, raw.bytes) };
    default:
      return undefined;
  }
}

function traceSteps(program: Program, bytes: Uint8Array): { op: number; name: string; startNs: bigint }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const steps = [];
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const op = Number(view.getBigUint64(at + 8, true));
    steps.push({ op, name: program.ops[op]?.name ?? "?", startNs: view.getBigUint64(at, true) });
  }
  return steps;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
