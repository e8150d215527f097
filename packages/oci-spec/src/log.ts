/**
 * Logger: the interface that every layer takes in `options.log`, and the two sinks that programs choose from.
 *
 * JSON lines are readable by whoever reads runc's `log.json` (logrus `JSONFormatter`: keys `level`, `msg`, `time`),
 * text lines are logrus' `TextFormatter` without colours.
 *
 * @module
 */
import { errorLine } from "./errdefs.ts";

/** How much a record matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Data of a record, e.g. `{ container, pid, err }`; an Error becomes its whole chain on one line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a library tells what it decided. */
export interface Logger {
  /** Tells what only a developer wants to know. */
  debug(msg: string, fields?: LogFields): void;
  /** Tells a decision. */
  info(msg: string, fields?: LogFields): void;
  /** Tells that something was wrong and was got over. */
  warn(msg: string, fields?: LogFields): void;
  /** Tells that something failed and nobody is left to throw to. */
  error(msg: string, fields?: LogFields): void;
  /** A logger whose records carry `fields` too. */
  child(fields: LogFields): Logger;
}

/** One record, ready for a sink. */
export interface LogRecord {
  /** When it was logged. */
  readonly time: Date;
  /** How much it matters. */
  readonly level: LogLevel;
  /** What happened. */
  readonly msg: string;
  /** Data, those of the parents first. */
  readonly fields: LogFields;
}

/** Takes records, e.g. {@linkcode jsonSink}. */
export type LogSink = (record: LogRecord) => void;

/** Options for {@linkcode createLogger}. */
export interface LoggerOptions {
  /** The least level that is kept. @default {"info"} */
  readonly level?: LogLevel;
  /** Fields of every record. @default {{}} */
  readonly fields?: LogFields;
  /** The clock. @default {() => new Date()} */
  readonly now?: () => Date;
}

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that keeps nothing: the default of `options.log`. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/**
 * A logger that gives each record at or above `options.level` to `sink`.
 *
 * @example
 * ```ts
 * import { createLogger, jsonSink } from "@rt/oci-spec";
 * const lines: string[] = [];
 * const log = createLogger(jsonSink((line) => lines.push(line)), { fields: { container: "web" } });
 * log.info("started", { pid: 7 });
 * if (JSON.parse(lines[0] ?? "").pid !== 7) throw new Error("field lost");
 * ```
 */
export function createLogger(sink: LogSink, options: LoggerOptions = {}): Logger {
  const least = order[options.level ?? "info"];
  const now = options.now ?? (() => new Date());
  const make = (base: LogFields): Logger => {
    const at =
      (level: LogLevel) =>
      (msg: string, fields?: LogFields): void => {
        if (order[level] < least) return;
        sink({ time: now(), level, msg, fields: fields === undefined ? base : { ...base, ...fields } });
      };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => make({ ...base, ...fields }),
    };
  };
  return make(options.fields ?? {});
}

/** logrus' word for a level. */
function levelWord(level: LogLevel): string {
  return level === "warn" ? "warning" : level;
}

/** A field's value as JSON can hold it. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return errorLine(value);
  return typeof value === "bigint" ? value.toString() : value;
}

/** JSON of `value`; what JSON cannot hold becomes its text. */
function stringify(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, v) => plain(v)) ?? "null";
  } catch {
    return JSON.stringify(String(value));
  }
}

/** A sink that gives `write` one JSON object per record, newline included: `time`, `level`, `msg`, then the fields. */
export function jsonSink(write: (line: string) => void): LogSink {
  return (record) => {
    let line = `{"time":"${record.time.toISOString()}","level":"${levelWord(record.level)}","msg":${JSON.stringify(record.msg)}`;
    for (const [key, value] of Object.entries(record.fields)) {
      if (value === undefined) continue;
      const name = key === "time" || key === "level" || key === "msg" ? `fields.${key}` : key;
      line += `,${JSON.stringify(name)}:${stringify(value)}`;
    }
    write(`${line}}\n`);
  };
}

/** A sink that gives `write` one text line per record, newline included: `time="…" level=info msg="…" key=value`. */
export function textSink(write: (line: string) => void): LogSink {
  return (record) => {
    let line = `time="${record.time.toISOString()}" level=${levelWord(record.level)} msg=${quoted(record.msg)}`;
    for (const [key, value] of Object.entries(record.fields)) {
      if (value === undefined) continue;
      const p = plain(value);
      line += ` ${key}=${quoted(typeof p === "string" ? p : stringify(p))}`;
    }
    write(`${line}\n`);
  };
}

/** `text` bare if it is made of harmless characters only, else quoted, as logrus does it. */
function quoted(text: string): string {
  return /^[A-Za-z0-9\-._/@^+]+$/.test(text) ? text : JSON.stringify(text);
}
