import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OutputChunk } from "@rt/dockerd/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { copy } from "./follower.ts";
import { formatLine, parseLine } from "./line.ts";
import { LogFile, type LogFilePaths } from "./log_file.ts";

let directory: string;
let paths: LogFilePaths;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rt-cri-log-"));
  paths = { log: join(directory, "pods/web/0.log"), position: join(directory, "state/id.json") };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const time = (n: number): string =>
  `2026-11-20T22:00:${String(n % 60).padStart(2, "0")}.${String(n).padStart(9, "0")}Z`;

/** A log of the engine, as it sends it from any time on. */
function engineLog(entries: readonly [n: number, stream: OutputChunk["stream"], text: string][]) {
  const output = async function* (): AsyncGenerator<OutputChunk> {
    for (const [n, stream, text] of entries) yield { stream, data: Buffer.from(`${time(n)} ${text}\n`) };
  };
  return { tty: false, output: output() };
}

const texts = (path: string): string[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => parseLine(line)?.text ?? `bad: ${line}`);

describe("log lines", () => {
  test("are the CRI's", () => {
    const entry = { time: time(1), text: Buffer.from("a b"), partial: false };
    expect(formatLine("stderr", entry).toString()).toBe(`${time(1)} stderr F a b\n`);
    expect(parseLine(`${time(1)} stdout P `)).toEqual({
      time: time(1),
      stream: "stdout",
      partial: true,
      text: "",
    });
    for (const bad of ["", "x", `${time(1)} stdin F x`, `${time(1)} stdout X x`])
      expect(parseLine(bad)).toBeUndefined();
  });
});

describe("LogFile", () => {
  test("makes its directories, and files that others cannot read", async () => {
    await using _file = await LogFile.open(paths);
    expect(statSync(paths.log).mode & 0o777).toBe(0o640);
  });

  test("goes on where a crash stopped it: no line lost, none doubled, a torn one written anew", async () => {
    const log = engineLog([
      [1, "stdout", "a"],
      [2, "stderr", "b"],
      [2, "stdout", "c"],
      [2, "stdout", "c again"],
      [3, "stdout", "d"],
      [4, "stdout", "e"],
    ]);
    const whole: OutputChunk[] = [];
    for await (const chunk of log.output) whole.push(chunk);
    const lines = [1, 2, 2, 2].map(
      (n, i) => `${time(n)} ${i === 1 ? "stderr" : "stdout"} F ${["a", "b", "c", "c again"][i]}\n`,
    );
    for (let kept = 0; kept <= lines.length; kept++) {
      for (const torn of ["", `${time(3)} std`, "20"]) {
        rmSync(paths.log, { force: true });
        await (await LogFile.open(paths))[Symbol.asyncDispose]();
        writeFileSync(paths.log, lines.slice(0, kept).join("") + torn);
        await using file = await LogFile.open(paths);
        const position = await file.position();
        const from = whole.filter(
          (c) => position.since === undefined || Buffer.from(c.data).toString() >= since(position.since),
        );
        await copy({ tty: false, output: stream(from) }, file, position);
        expect(texts(paths.log)).toEqual(["a", "b", "c", "c again", "d", "e"]);
      }
    }
  });

  test("keeps its position over a rotation, also if the daemon ends right after it", async () => {
    {
      await using file = await LogFile.open(paths);
      await copy(
        engineLog([
          [1, "stdout", "a"],
          [2, "stdout", "b"],
        ]),
        file,
        await file.position(),
      );
      renameSync(paths.log, `${paths.log}.old`);
      await file.reopen();
      expect(texts(paths.log)).toEqual([]);
    }
    await using file = await LogFile.open(paths);
    const position = await file.position();
    expect(position.since).toBe(1_795_212_001_000_000_002n);
    await copy(
      engineLog([
        [2, "stdout", "b"],
        [3, "stdout", "c"],
      ]),
      file,
      position,
    );
    expect(texts(`${paths.log}.old`)).toEqual(["a", "b"]);
    expect(texts(paths.log)).toEqual(["c"]);
  });

  test("finds its position in a long file without reading all of it", async () => {
    await (await LogFile.open(paths))[Symbol.asyncDispose]();
    const at = (ms: number): string => new Date(1_795_212_000_000 + ms).toISOString().replace("Z", "000000Z");
    const pad = "z".repeat(1000);
    appendFileSync(
      paths.log,
      Array.from({ length: 5000 }, (_, i) => `${at(i * 10)} stdout F ${i} ${pad}\n`).join(""),
    );
    await using file = await LogFile.open(paths);
    const position = await file.position();
    expect(position.since).toBe(BigInt(1_795_212_000_000 + 49_990 - 1000) * 1_000_000n);
    expect(position.skips("stdout", at(49_990))).toBe(true);
    expect(position.skips("stdout", at(49_990))).toBe(false);
    expect(position.skips("stdout", at(49_000))).toBe(true);
    expect(position.skips("stderr", at(49_000))).toBe(false);
  });

  test("takes part in no symbolic link", async () => {
    await (await LogFile.open(paths))[Symbol.asyncDispose]();
    rmSync(paths.log);
    const { symlinkSync } = await import("node:fs");
    symlinkSync("/etc/passwd", paths.log);
    await expect(LogFile.open(paths)).rejects.toThrow(/ELOOP/);
  });
});

/** The least text of an entry at or after `nanos`. */
function since(nanos: bigint): string {
  const seconds = new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, "0")}Z`;
}

async function* stream(chunks: readonly OutputChunk[]): AsyncGenerator<OutputChunk> {
  yield* chunks;
}
