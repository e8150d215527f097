import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArchiveError } from "./errors.ts";
import type { TarEntry, TarEntryType } from "./tar_entry.ts";
import { TarReader } from "./tar_reader.ts";
import { END_OF_ARCHIVE, encodeHeader, type NewTarEntry, padding } from "./tar_writer.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(tar: Uint8Array, chunk = 1000): Promise<{ entry: TarEntry; body: Buffer }[]> {
  const reader = new TarReader(pieces(tar, chunk));
  const out: { entry: TarEntry; body: Buffer }[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const chunks: Uint8Array[] = [];
    for (let c = await reader.read(300); c !== undefined; c = await reader.read(300))
      chunks.push(Buffer.from(c));
    out.push({ entry, body: Buffer.concat(chunks) });
  }
  return out;
}

function archive(entries: readonly (NewTarEntry & { body?: Uint8Array })[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap(({ body = new Uint8Array(), ...e }) => [
      encodeHeader({ ...e, size: body.length }),
      body,
      padding(body.length),
    ]),
    END_OF_ARCHIVE,
  ]);
}

const bytesName = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: 1, maxLength, min: 1 })
    .map((b) => Buffer.from(b).toString("latin1").replace(/\/+$/, "_"))
    .filter((s) => s.length > 0);

const entry: fc.Arbitrary<NewTarEntry & { body: Uint8Array }> = fc
  .record({
    type: fc.constantFrom<TarEntryType>("file", "link", "symlink", "char", "block", "directory", "fifo"),
    name: fc.oneof(bytesName(20), bytesName(300), fc.stringMatching(/^[a-z/]{90,255}[a-z]$/)),
    linkName: bytesName(200),
    mode: fc.nat(0o7777),
    uid: fc.oneof(fc.nat(0o7777777), fc.nat(2 ** 31 - 1)),
    gid: fc.nat(2 ** 31 - 1),
    mtime: fc.record({
      seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 35 }),
      nanoseconds: fc.nat(999_999_999),
    }),
    deviceMajor: fc.nat(4095),
    deviceMinor: fc.nat(0o7777777),
    xattrs: fc
      .array(fc.tuple(fc.stringMatching(/^user\.[a-z]{1,9}$/), fc.uint8Array({ maxLength: 40 })), {
        maxLength: 3,
      })
      .map((list) => new Map(list)),
    body: fc.uint8Array({ maxLength: 1500 }),
  })
  .map((e) => ({
    ...e,
    linkName: e.type === "link" || e.type === "symlink" ? e.linkName : "",
    body: e.type === "file" ? e.body : new Uint8Array(),
  }));

describe("TarReader", () => {
  it("reads what encodeHeader() wrote, whatever it is and however it is cut into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 5 }),
        fc.integer({ min: 1, max: 2000 }),
        async (list, chunk) => {
          const got = await readAll(archive(list), chunk);
          expect(got.length).toBe(list.length);
          for (const [i, wanted] of list.entries()) {
            const { body, xattrs = NONE, ...plain } = wanted;
            expect(got[i]!.entry).toMatchObject({ ...plain, size: body.length });
            expect(hexOf(got[i]!.entry.xattrs)).toEqual(hexOf(xattrs));
            expect(got[i]!.body.equals(body)).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("of a damaged archive gives entries or an ArchiveError, nothing else, and comes to an end", async () => {
    const seed = archive([
      {
        type: "file",
        name: "a".repeat(200),
        mtime: { seconds: 1, nanoseconds: 5 },
        body: Buffer.from("hello"),
      },
      {
        type: "symlink",
        name: "b",
        linkName: "é".repeat(90),
        xattrs: new Map([["user.x", Buffer.from("1")]]),
      },
      { type: "file", name: "c", body: Buffer.alloc(1000) },
    ]);
    const damage = fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async (list, repair) => {
        const bytes = Buffer.from(seed);
        for (const [at, value] of list) bytes[at] = value;
        if (repair) for (let at = 0; at + 512 <= bytes.length; at += 512) repairChecksum(bytes, at);
        try {
          await readAll(bytes);
        } catch (err) {
          expect(err).toBeInstanceOf(ArchiveError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("refuses an extended header larger than a mebibyte without reading it", async () => {
    const head = Buffer.from(encodeHeader({ type: "file", name: "x", size: 5_000_000_000 }));
    head[156] = "x".charCodeAt(0);
    repairChecksum(head, 0);
    let given = 0;
    const endless = (async function* () {
      yield head;
      for (;;) {
        given += 65_536;
        yield new Uint8Array(65_536);
      }
    })();
    await expect(new TarReader(endless).next()).rejects.toThrow("extended header of 5000000000 bytes");
    expect(given).toBeLessThan(200_000);
  });

  it("refuses types that it does not know, as containerd does", async () => {
    const head = Buffer.from(encodeHeader({ type: "file", name: "x" }));
    head[156] = "V".charCodeAt(0);
    repairChecksum(head, 0);
    await expect(readAll(head)).rejects.toThrow("unhandled tar header type 86");
  });

  it("passes over global headers and bodies that a directory should not have", async () => {
    const global = Buffer.from(encodeHeader({ type: "file", name: "pax_global_header", size: 30 }));
    global[156] = "g".charCodeAt(0);
    repairChecksum(global, 0);
    const record = Buffer.concat([Buffer.from("30 comment=aaaaaaaaaaaaaaaaaa\n"), padding(30)]);
    const v7 = Buffer.from(encodeHeader({ type: "file", name: "dir/", size: 3 }));
    v7[156] = 0;
    repairChecksum(v7, 0);
    const body = Buffer.concat([Buffer.from("abc"), padding(3)]);
    const got = await readAll(
      Buffer.concat([global, record, v7, body, archive([{ type: "file", name: "f" }])]),
    );
    expect(got.map(({ entry }) => [entry.type, entry.name, entry.size])).toEqual([
      ["directory", "dir/", 0],
      ["file", "f", 0],
    ]);
  });

  it("reads base-256 numbers", async () => {
    const head = Buffer.from(encodeHeader({ type: "file", name: "x" }));
    head.fill(0, 108, 116);
    head[108] = 0x80;
    head.writeUInt32BE(3_000_000_000, 112);
    head.fill(0xff, 136, 148); // -1
    repairChecksum(head, 0);
    const [got] = await readAll(Buffer.concat([head, END_OF_ARCHIVE]));
    expect([got!.entry.uid, got!.entry.mtime.seconds]).toEqual([3_000_000_000, -1]);
  });
});

const NONE: ReadonlyMap<string, Uint8Array> = new Map();

function hexOf(xattrs: ReadonlyMap<string, Uint8Array>): string[] {
  return [...xattrs].map(([k, v]) => `${k}=${Buffer.from(v).toString("hex")}`).sort();
}

function repairChecksum(bytes: Buffer, at: number): void {
  const block = bytes.subarray(at, at + 512);
  if (block.every((b) => b === 0)) return;
  block.write("        ", 148);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
