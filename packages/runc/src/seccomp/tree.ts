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

/** Collects segments in ascending order, joining neighbours that only return the same verdict. */
export class SegmentList {
  readonly segments: Segment[] = [];
  /** Verdict of the last segment, if it is constant. */
  #last: number | undefined;

  /** From `start` on, always `verdict`. */
  addVerdict(start: number, verdict: number): void {
    if (this.#last === verdict) return;
    this.#last = verdict;
    this.segments.push({ start, code: [bpf(BPF.ret, verdict)] });
  }

  /** From `start` on, `code`, which ends in a return on every path. */
  addCode(start: number, code: readonly BpfInstruction[]): void {
    this.#last = undefined;
    this.segments.push({ start, code });
  }
}

/** Appends code that, with the number in A, runs the segment among `from` to `to` (exclusive) that it falls in. */
export function compileTree(
  segments: readonly Segment[],
  out: BpfInstruction[],
  from: number = 0,
  to: number = segments.length,
): void {
  if (to - from <= 1) {
    for (const insn of segments[from]?.code ?? []) out.push(insn);
    return;
  }
  const middle = (from + to) >> 1;
  const at = out.length;
  out.push(bpf(BPF.jumpGreaterEqual, 0));
  compileTree(segments, out, from, middle);
  const jump = jumpOver(BPF.jumpGreaterEqual, segments[middle]?.start ?? 0, out.length - at - 1);
  out.splice(at, 1, ...jump);
  compileTree(segments, out, middle, to);
}
