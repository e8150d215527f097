import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLine, LineEncoder, PART_BYTES } from "./json_line.ts";

const TIME = "2026-01-02T03:04:05.000000006Z";

function encoded(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return Buffer.from(new LineEncoder().encode(bytes, "stdout", TIME)).toString("utf8");
}

function decoded(text: string): string {
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => Buffer.from(decodeLine(line)!.line).toString()).join("");
}

test("encode() writes lines as docker's json-file driver does", () => {
  expect(encoded('a <b> & "c" \\ \t\r\u2028\u0001\n')).toBe(
    `{"log":"a \\u003cb\\u003e \\u0026 \\"c\\" \\\\ \\u0009\\r\\u2028\\u0001\\n","stream":"stdout","time":"${TIME}"}\n`,
  );
});

test("encode() makes one line of the log of each line", () => {
  expect(
    encoded("one\n\ntwo\nthr")
      .split("\n")
      .slice(0, -1)
      .map((l) => JSON.parse(l).log),
  ).toEqual(["one\n", "\n", "two\n", "thr"]);
});

test("encode() cuts long lines into parts of 16 KiB", () => {
  const logs = encoded(`${"x".repeat(2 * PART_BYTES + 5)}\ny\n`)
    .split("\n")
    .slice(0, -1)
    .map((l) => JSON.parse(l).log as string);
  expect(logs.map((l) => l.length)).toEqual([PART_BYTES, PART_BYTES, 6, 2]);
});

test("encode() replaces what is not UTF-8", () => {
  expect(JSON.parse(encoded(Uint8Array.from([65, 0xff, 66, 10]))).log).toBe("A\ufffdB\n");
});

test("encode() loses nothing, whatever the text", () => {
  const encoder = new LineEncoder();
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\n", "\u2028", "€".repeat(9000)))),
      (parts) => {
        const text = parts.join("").toWellFormed();
        const out = Buffer.from(encoder.encode(Buffer.from(text), "stderr", TIME)).toString("utf8");
        expect(decoded(out)).toBe(text);
      },
    ),
  );
});
