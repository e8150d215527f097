/**
 * What the parts of the port's program share: its descriptors, its tables, its variables.
 *
 * @module
 */
import type { Label, Operand, ProgramBuilder, Slot } from "./program.ts";
import type { Data } from "./program_data.ts";

/** Where commands come from; the port's own fds begin here, out of the way of those that launched processes get. */
export const COMMAND_FD = 240;
/** Tells of children that have ended. */
export const SIGNAL_FD = 241;
/** A monitor's durable record. */
export const EXITS_FD = 242;
/** Where a monitor reports: never waits. */
export const OWN_REPORT_FD = 243;
/** Held FIFOs are at least here. */
export const FIRST_HELD_FD = 248;
/** Rows of the table of children: clients find the others by their pid. */
export const CHILD_ROWS = 64;
/** Rows of the table of held FIFOs. */
export const HELD_ROWS = 256;

/** A port's program while it is built. */
export interface Port {
  /** Where its operations go. */
  readonly p: ProgramBuilder;
  /** Whether it is a monitor. */
  readonly monitor: boolean;
  /** Where its FIFOs are. */
  readonly directory: string;
  /** The command being handled. */
  readonly command: Data;
  /** Table of (pid, seq) of launched children, 8 bytes each. */
  readonly children: Data;
  /** Table of (fd, seq, must be empty), 12 bytes each, padded to 16. */
  readonly held: Data;
  /** 1 once a child has been seen that the port did not launch: a container. */
  readonly armed: Slot;
  /** 1 while no child is left. */
  readonly childless: Slot;
}

/** Runs `body` with the offset of each row of a table. */
export function eachRow(
  p: ProgramBuilder,
  rows: number,
  size: number,
  body: (offset: Slot, next: Label) => void,
): void {
  const offset = p.slot();
  p.mov(offset, 0);
  p.loop((leave) => {
    const next = p.label();
    p.branch("ge", offset, rows * size, leave);
    body(offset, next);
    p.place(next);
    p.arith("add", offset, size, { into: offset });
  });
}

/** Address of the string that the command's field at `field` is the offset of. */
export function textAt(p: ProgramBuilder, command: Data, field: number): Operand {
  return p.arith("add", p.load("u32", command, field), command);
}
