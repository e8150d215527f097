/**
 * What the parts of the interpreter share.
 *
 * @module
 */
import type { CodeLabel } from "./machine.ts";

/** The first four bytes of an image. */
export const MAGIC = 0x504c5452;
/** The main routine's stack: six arguments, then room for digits. */
export const FRAME = 96;
/** The least value, as unsigned, that is an error number and not a result. */
export const FIRST_ERROR = -4095;
/** Error number of what is no image. */
export const ENOEXEC = 8;
/** Error number of what cannot be computed. */
export const EINVAL = 22;

/** Places in the interpreter that its parts jump to or call. */
export interface Labels {
  /** Goes on with the next operation. */
  readonly next: CodeLabel;
  /** Executes the operation at pc. */
  readonly loop: CodeLabel;
  /** Takes a result or error in r, by the policy. */
  readonly result: CodeLabel;
  /** Takes a result in r that cannot be an error. */
  readonly setResult: CodeLabel;
  /** Goes to the operation's target. */
  readonly gotoTarget: CodeLabel;
  /** Reports the errno in t1 and ends. */
  readonly failure: CodeLabel;
  /** Begins the image at r. */
  readonly start: CodeLabel;
  /** Routine: loads the image from the fd in a0. */
  readonly loadImage: CodeLabel;
  /** Routine: writes a report. */
  readonly report: CodeLabel;
  /** Routine: notes the time. */
  readonly stamp: CodeLabel;
  /** Routine: reports the time stamps. */
  readonly dump: CodeLabel;
}
