/**
 * Where `rt-runc` logs: a file or standard error, as text or as JSON, in the manner of logrus, which callers parse.
 *
 * Source: opencontainers/runc main.go `configLogrus`, `FatalWriter`.
 *
 * @module
 */
import { openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { createLogger, jsonSink, type Logger, type LogRecord, textSink } from "../oci.ts";

/** Options of {@linkcode openLog}. */
export interface LogOptions {
  /** File; empty is standard error. */
  readonly file: string;
  readonly format: "text" | "json";
  readonly debug: boolean;
}

/** A log, and how the command's own failure is told. */
export interface CommandLog {
  readonly log: Logger;
  /** Logs `message`; where the log is a file, standard error gets it, too. */
  fail(message: string): void;
}

const SHORT: Readonly<Record<string, string>> = { debug: "DEBU", info: "INFO", warn: "WARN", error: "ERRO" };

/** Opens the log. @throws Error of node:fs if the file cannot be opened. */
export function openLog(options: LogOptions): CommandLog {
  const toFile = options.file !== "";
  const fd = toFile ? openSync(options.file, "a", 0o644) : 2;
  const write = (line: string): void => void writeSync(fd, line.endsWith("\n") ? line : `${line}\n`);
  const started = Date.now();
  const terminal = (record: LogRecord): void => {
    const seconds = String(Math.floor((record.time.getTime() - started) / 1000)).padStart(4, "0");
    write(`${SHORT[record.level]}[${seconds}] ${record.msg}`);
  };
  const text = !toFile && isatty(2) ? terminal : textSink(write);
  const log = createLogger(options.format === "json" ? jsonSink(write) : text, {
    level: options.debug ? "debug" : "info",
  });
  return {
    log,
    fail(message) {
      log.error(message);
      if (toFile) writeSync(2, `${message}\n`);
    },
  };
}
