/**
 * The client's side of a console relay: resizing.
 *
 * @module
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";

/** Size of a terminal. Characters. */
export interface ConsoleSize {
  /** Number of rows, up to 65535. */
  readonly rows: number;
  /** Number of columns, up to 65535. */
  readonly columns: number;
}

/** Resizes the terminal of the relay that listens on the FIFO `control`; does nothing once that has ended. */
export function resizeConsole(control: string, size: ConsoleSize): void {
  const winsize = new Uint8Array(8);
  const view = new DataView(winsize.buffer);
  view.setUint16(0, size.rows, true);
  view.setUint16(2, size.columns, true);
  let fd: number;
  try {
    fd = openSync(control, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (err) {
    if (["ENXIO", "ENOENT"].includes((err as NodeJS.ErrnoException).code ?? "")) return;
    throw err;
  }
  try {
    writeSync(fd, winsize);
  } finally {
    closeSync(fd);
  }
}
