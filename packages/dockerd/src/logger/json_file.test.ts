import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JsonFileLog, jsonFileOptions } from "./json_file.ts";
import type { LogReadOptions } from "./logger.ts";
import { readLog } from "./open.ts";

let dir: string;
let path: string;
let now = 0n;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "rt-log-"));
  path = join(dir, "x.log");
  now = 1_000_000_000n;
});

afterEach(() => rmSync(dir, { recursive: true }));

const open = (maxBytes = 0, maxFiles = 1): JsonFileLog =>
  new JsonFileLog(path, { maxBytes, maxFiles }, () => (now += 1_000_000_000n));
const write = (log: JsonFileLog, text: string, stream: "stdout" | "stderr" = "stdout"): void =>
  log.write({ stream, data: Buffer.from(text) });

async function texts(log: JsonFileLog, options: LogReadOptions = {}): Promise<string[]> {
  const out: string[] = [];
  for await (const { line } of log.read(options)) out.push(Buffer.from(line).toString());
  return out;
}

test("lines come back in order, cut lines joined", async () => {
  const log = open();
  write(log, "one\ntw");
  write(log, "err\n", "stderr");
  write(log, "o\n");
  expect(await texts(log)).toEqual(["one\n", "err\n", "two\n"]);
});

test("tail takes the last lines only", async () => {
  const log = open();
  for (let i = 0; i < 5000; i++) write(log, `line ${i} ${"x".repeat(100)}\n`);
  expect((await texts(log, { tail: 2 })).map((l) => l.slice(0, 9))).toEqual(["line 4998", "line 4999"]);
  expect(await texts(log, { tail: 0 })).toEqual([]);
  expect(await texts(log, { tail: 9999 })).toHaveLength(5000);
});

test("since and until bound the times", async () => {
  const log = open();
  for (const text of ["a\n", "b\n", "c\n"]) write(log, text);
  expect(await texts(log, { since: 3_000_000_000n })).toEqual(["b\n", "c\n"]);
  expect(await texts(log, { until: 3_000_000_000n })).toEqual(["a\n", "b\n"]);
});

test("follow goes on over a rotation until the log is closed", async () => {
  const log = open(500, 3);
  write(log, "0\n");
  const all = texts(log, { follow: true });
  for (let i = 1; i < 40; i++) {
    write(log, `${i}\n`);
    if (i % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  log.close();
  expect(await all).toEqual(Array.from({ length: 40 }, (_, i) => `${i}\n`));
  expect(existsSync(`${path}.3`)).toBe(false);
});

test("what waits for its newline survives an engine that is killed, and is kept at the end", async () => {
  write(open(), "whole\nhal");
  const next = open();
  write(next, "f\nrest");
  next.close();
  const entries: string[] = [];
  for await (const { line } of readLog({ Type: "json-file" }, path, {}))
    entries.push(Buffer.from(line).toString());
  expect(entries).toEqual(["whole\n", "half\n", "rest"]);
  expect(existsSync(`${path}.pending`)).toBe(false);
});

test("a line of 40 KiB in small pieces becomes three parts", async () => {
  const log = open();
  for (let i = 0; i < 40; i++) write(log, "y".repeat(1024));
  write(log, "\n");
  expect((await texts(log)).map((l) => l.length)).toEqual([16_384, 16_384, 8193]);
});

test("a torn last line is left out", async () => {
  const log = open();
  write(log, "ok\n");
  const text = readFileSync(path, "utf8");
  const { appendFileSync } = await import("node:fs");
  appendFileSync(path, text.slice(0, 20));
  expect(await texts(log)).toEqual(["ok\n"]);
});

test("jsonFileOptions() reads sizes and refuses what it does not know", () => {
  expect(jsonFileOptions({ "max-size": "10m", "max-file": "3" })).toEqual({
    maxBytes: 10 << 20,
    maxFiles: 3,
  });
  expect(() => jsonFileOptions({ "max-size": "ten" })).toThrow("invalid size: 'ten'");
  expect(() => jsonFileOptions({ "max-file": "0" })).toThrow("max-file cannot be less than 1");
  expect(() => jsonFileOptions({ nope: "1" })).toThrow("unknown log opt 'nope' for json-file log driver");
});
