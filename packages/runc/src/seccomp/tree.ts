/**
 * A balanced decision tree over system call numbers, as classic BPF.
 *
 * The 32-bit number space is cut into segments that answer alike; neighbours with the same verdict are one segment.
 * Finding the segment of a number takes log2(segments) comparisons, so a filter of 370 rules costs a call some seven
 * instructions. No constant answer looks at arguments, so that the kernel can cache it (its allow bitmap, Linux 5.11).
 *
 * @module
 */
import { BPF, type BpfInstruction, bpf, jumpOver } from "./bpf.ts";

/** From number `start` up to the next segment: the code that answers. */
export interface Segment {
  readonly start: number;
  /** Ends in a return on every path. */
  readonly code: readonly BpfInstruction[];
}

/** Joins neighbours that only return the same verdict. `segments` are sorted by start, the first is 0. */
export function mergeSegments(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const before = merged.at(-1);
    if (before !== undefined && isSameVerdict(before.code, segment.code)) continue;
    merged.push(segment);
  }
  return merged;
}

function isSameVerdict(a: readonly BpfInstruction[], b: readonly BpfInstruction[]): boolean {
  return (
    a.length === 1 && b.length === 1 && a[0]?.code === BPF.ret && b[0]?.code === BPF.ret && a[0].k === b[0].k
  );
}

/** Code that, with the number in A, runs the segment it falls in. */
export function compileTree(segments: readonly Segment[]): BpfInstruction[] {
  const only = segments[0];
  if (only === undefined) return [];
  if (segments.length === 1) return [...only.code];
  const middle = segments.length >> 1;
  const left = compileTree(segments.slice(0, middle));
  const right = compileTree(segments.slice(middle));
  const start = segments[middle]?.start ?? 0;
  return [...jumpOver(BPF.jumpGreaterEqual, start, left.length), ...left, ...right];
}

/** A segment that always answers `verdict`. */
export function constantSegment(start: number, verdict: number): Segment {
  return { start: start >>> 0, code: [bpf(BPF.ret, verdict)] };
}
