/**
 * The data section of a launch program: strings, structs, vectors and zeroed buffers.
 *
 * @module
 */

/** A piece of the data section. `at(n)` points inside it. */
export class Data {
  /** Whether it is initialised (`data`) or zeroed memory after that (`bss`). */
  readonly section: "data" | "bss";
  /** Offset in its section. Bytes. */
  readonly offset: number;
  /** Length. Bytes. */
  readonly length: number;
  /** Made by {@linkcode ProgramData}. */
  constructor(section: "data" | "bss", offset: number, length: number) {
    this.section = section;
    this.offset = offset;
    this.length = length;
  }
  /** The address `bytes` further on. */
  at(bytes: number): Data {
    return new Data(this.section, this.offset + bytes, this.length - bytes);
  }
}

/** Writes the fields of a struct in the data section. */
export interface StructWriter {
  /** Where the struct is. */
  readonly data: Data;
  /** Writes a byte at `offset`. */
  u8(offset: number, value: number): StructWriter;
  /** Writes 2 bytes at `offset`. */
  u16(offset: number, value: number): StructWriter;
  /** Writes 4 bytes at `offset`. */
  u32(offset: number, value: number): StructWriter;
  /** Writes 8 bytes at `offset`. */
  u64(offset: number, value: number | bigint): StructWriter;
  /** Writes the address of `target` at `offset`. */
  pointer(offset: number, target: Data): StructWriter;
}

const encoder = new TextEncoder();

/** Collects the data section. */
export class ProgramData {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #bss = 0;
  readonly #strings = new Map<string, Data>();
  readonly #pointers: { at: number; target: Data }[] = [];

  /** A NUL-terminated string; equal strings share their bytes. Do not write to it. */
  cstring(text: string): Data {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) throw new TypeError(`string with a NUL byte: ${JSON.stringify(text)}`);
    const data = this.bytes(encoder.encode(`${text}\0`), 1);
    this.#strings.set(text, data);
    return data;
  }

  /** A copy of `bytes`, aligned to `align` bytes. */
  bytes(bytes: Uint8Array, align = 8): Data {
    const data = this.#reserve(bytes.length, align);
    this.#bytes.set(bytes, data.offset);
    return data;
  }

  /** Zeroed memory that takes no room in the encoded program. */
  bss(length: number, align = 8): Data {
    this.#bss = Math.ceil(this.#bss / align) * align;
    const data = new Data("bss", this.#bss, length);
    this.#bss += length;
    return data;
  }

  /** A zeroed struct of `length` bytes with a writer for its fields. */
  struct(length: number): StructWriter {
    const data = this.#reserve(length, 8);
    const write = (fill: (view: DataView) => void): StructWriter => {
      fill(new DataView(this.#bytes.buffer, data.offset, length));
      return writer;
    };
    const writer: StructWriter = {
      data,
      u8: (at, value) => write((view) => view.setUint8(at, value)),
      u16: (at, value) => write((view) => view.setUint16(at, value, true)),
      u32: (at, value) => write((view) => view.setUint32(at, value, true)),
      u64: (at, value) => write((view) => view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true)),
      pointer: (at, target) => {
        if (at + 8 > length) throw new RangeError(`pointer at ${at} is outside a struct of ${length} bytes`);
        this.#pointers.push({ at: data.offset + at, target });
        return writer;
      },
    };
    return writer;
  }

  /** A NULL-terminated vector of pointers to strings, as execve's argv and envp. */
  vector(strings: readonly string[]): Data {
    const table = this.struct((strings.length + 1) * 8);
    for (const [i, text] of strings.entries()) table.pointer(i * 8, this.cstring(text));
    return table.data;
  }

  /** Offset of `data` from the start of the data section, zeroed memory included. */
  protected offsetOf(data: Data): number {
    return data.section === "data" ? data.offset : this.#dataLength() + data.offset;
  }

  /** The finished section. */
  protected finishData(): { data: Uint8Array; bssSize: number; relocations: number[] } {
    const data = this.#bytes.slice(0, this.#dataLength());
    const view = new DataView(data.buffer);
    for (const { at, target } of this.#pointers) view.setBigUint64(at, BigInt(this.offsetOf(target)), true);
    return { data, bssSize: this.#bss, relocations: this.#pointers.map((p) => p.at) };
  }

  #dataLength(): number {
    return Math.ceil(this.#length / 64) * 64;
  }

  #reserve(length: number, align: number): Data {
    const offset = Math.ceil(this.#length / align) * align;
    const needed = Math.ceil((offset + length) / 64) * 64;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = offset + length;
    return new Data("data", offset, length);
  }
}
