/**
 * What a port or monitor understands: command records, at most 4096 bytes so that a FIFO keeps them whole.
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 4 | size of the record |
 * | 4 | 4 | identity (seq), 1 to 2^31 - 1; every reply and report carries it |
 * | 8 | 4 | command: 1 launch, 2 quit, 3 hold, 4 release, 5 ping |
 * | 12 | 4 | launch: process whose fds are meant; hold: 1 if the FIFO must be empty before the monitor leaves; release: seq of the hold |
 * | 16 | 4 | offset of a path: launch: program file; hold: FIFO |
 * | 20 | 4 | launch: offset of the working directory, 0 for none |
 * | 24 | 4 | launch: number of entries |
 * | 28 | 4 | unused |
 * | 32 | 12 each | entries, for fds 0, 1, 2, then 5, 6, …: kind (0 leave, 1 path, 2 fd), open flags, offset of the path or fd |
 *
 * Each command is answered by a `started` record: a pid, an fd, or a negative errno. A launched process that has
 * ended gives an `exited` record: tag = wait status, value = pid, data = CLOCK_REALTIME as two u64 (seconds,
 * nanoseconds), identity 0 if the port did not launch it. Until it runs the program itself, reports carry the
 * identity with bit 31 set, and operation indexes are those of the port's program.
 *
 * @module
 */

/** Commands by name. */
export const COMMAND = { launch: 1, quit: 2, hold: 3, release: 4, ping: 5 } as const;

/** Offsets of the fields of a command. */
export const FIELD = {
  size: 0,
  seq: 4,
  command: 8,
  number: 12,
  path: 16,
  cwd: 20,
  count: 24,
  entries: 32,
} as const;

/** Size of one entry, and offsets in it. */
export const ENTRY = { size: 12, kind: 0, flags: 4, value: 8 } as const;

/** Kinds of entries. */
export const ENTRY_KIND = { leave: 0, path: 1, fd: 2 } as const;

/** Largest command. Bytes. */
export const COMMAND_MAX = 4096;

/** Set in the identity while the port prepares a launch. */
export const PREPARING = 0x8000_0000;

/** One entry of a launch command. */
export type CommandEntry =
  | { readonly kind: "leave" }
  | { readonly kind: "path"; readonly path: string; readonly flags: number }
  | { readonly kind: "fd"; readonly fd: number };

/** A command before it is bytes. */
export interface Command {
  /** Identity of the command. */
  readonly seq: number;
  /** What to do. */
  readonly command: keyof typeof COMMAND;
  /** The number field. @default {0} */
  readonly number?: number;
  /** The path field. */
  readonly path?: string;
  /** Working directory of a launch. */
  readonly cwd?: string | undefined;
  /** Entries of a launch. */
  readonly entries?: readonly CommandEntry[];
}

/** The bytes of a command. @throws {RangeError} if they are more than {@linkcode COMMAND_MAX}. */
export function encodeCommand(command: Command): Uint8Array {
  const record = new Uint8Array(COMMAND_MAX);
  const view = new DataView(record.buffer);
  const entries = command.entries ?? [];
  let end = FIELD.entries + entries.length * ENTRY.size;
  const text = (value: string): number => {
    const at = end;
    const bytes = new TextEncoder().encode(value);
    if (at + bytes.length + 1 > COMMAND_MAX)
      throw new RangeError(`command to the port is too long: ${value}`);
    record.set(bytes, at);
    end += bytes.length + 1;
    return at;
  };
  view.setUint32(FIELD.seq, command.seq, true);
  view.setUint32(FIELD.command, COMMAND[command.command], true);
  view.setUint32(FIELD.number, command.number ?? 0, true);
  if (command.path !== undefined) view.setUint32(FIELD.path, text(command.path), true);
  if (command.cwd !== undefined) view.setUint32(FIELD.cwd, text(command.cwd), true);
  view.setUint32(FIELD.count, entries.length, true);
  for (const [i, entry] of entries.entries()) {
    const at = FIELD.entries + i * ENTRY.size;
    view.setUint32(at + ENTRY.kind, ENTRY_KIND[entry.kind], true);
    if (entry.kind === "path") {
      view.setUint32(at + ENTRY.flags, entry.flags, true);
      view.setUint32(at + ENTRY.value, text(entry.path), true);
    } else if (entry.kind === "fd") view.setUint32(at + ENTRY.value, entry.fd, true);
  }
  view.setUint32(FIELD.size, end, true);
  return record.slice(0, end);
}

/** Size of one record of a monitor's `exits` file: u32 pid, u32 wait status, u64 seconds, u64 nanoseconds. Bytes. */
export const EXIT_RECORD_SIZE = 24;

/** Files in a port's or monitor's directory. */
export const PORT_FILES = { command: "command", report: "report", exits: "exits", pid: "pid" } as const;
