/**
 * A tar archive of one program, as an image's only layer.
 *
 * Source: POSIX.1-2017 pax, "ustar Interchange Format".
 *
 * @module
 */

const BLOCK_BYTES = 512;

/** A tar archive with the executable file `name`, owner root, time zero: the same bytes give the same archive. */
export function programTar(name: string, program: Uint8Array): Uint8Array {
  const padded = Math.ceil(program.length / BLOCK_BYTES) * BLOCK_BYTES;
  const tar = Buffer.alloc(BLOCK_BYTES + padded + 2 * BLOCK_BYTES);
  const octal = (value: number, at: number, length: number): void => {
    tar.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  };
  tar.write(name, 0, 100, "latin1");
  octal(0o755, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(program.length, 124, 12);
  octal(0, 136, 12);
  tar.write("        ", 148, "latin1");
  tar.write("0", 156, "latin1");
  tar.write("ustar\u000000", 257, "latin1");
  let sum = 0;
  for (const byte of tar.subarray(0, BLOCK_BYTES)) sum += byte;
  tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  tar.set(program, BLOCK_BYTES);
  return tar;
}
