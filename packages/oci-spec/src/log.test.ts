import { describe, expect, test } from "vitest";
import { createLogger, jsonSink, silentLogger, textSink } from "./log.ts";

const now = () => new Date("2026-01-02T03:04:05.678Z");

describe("createLogger()", () => {
  test("drops what is below its level and adds the fields of its parents", () => {
    const seen: unknown[] = [];
    const log = createLogger((r) => seen.push([r.level, r.msg, r.fields]), {
      now,
      level: "warn",
      fields: { a: 1 },
    });
    log.info("no");
    log.child({ b: 2 }).error("yes", { a: 3 });
    expect(seen).toEqual([["error", "yes", { a: 3, b: 2 }]]);
  });
});

describe("jsonSink()", () => {
  test("writes time, level and msg first, one line, with logrus' words", () => {
    const lines: string[] = [];
    const log = createLogger(
      jsonSink((l) => lines.push(l)),
      { now },
    );
    log.warn('a "b"\nc', {
      err: new Error("x", { cause: new Error("y") }),
      level: "mine",
      n: 5n,
      none: undefined,
    });
    expect(lines).toEqual([
      '{"time":"2026-01-02T03:04:05.678Z","level":"warning","msg":"a \\"b\\"\\nc","err":"x: y","fields.level":"mine","n":"5"}\n',
    ]);
  });

  test("survives what JSON cannot hold", () => {
    const lines: string[] = [];
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    createLogger(
      jsonSink((l) => lines.push(l)),
      { now },
    ).info("x", { loop, f: () => 1 });
    expect(JSON.parse(lines[0]!)).toMatchObject({ loop: "[object Object]", f: null });
  });
});

describe("textSink()", () => {
  test("quotes where logrus does", () => {
    const lines: string[] = [];
    createLogger(
      textSink((l) => lines.push(l)),
      { now },
    ).info("two words", { id: "a-1", path: "/x y", n: 7, o: { a: 1 } });
    expect(lines).toEqual([
      'time="2026-01-02T03:04:05.678Z" level=info msg="two words" id=a-1 path="/x y" n=7 o="{\\"a\\":1}"\n',
    ]);
  });
});

describe("silentLogger", () => {
  test("is its own child", () => {
    expect(silentLogger.child({ a: 1 })).toBe(silentLogger);
  });
});
