/**
 * Lines of the json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`.
 *
 * Escapes as Go's encoder: `<`, `>` and `&` too, and U+2028 and U+2029.
 * Source: moby `daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go`.
 *
 * @module
 */
import type { OutputChunk } from "../api/engine.ts";
import { parseNano } from "../time.ts";
import type { LogEntry } from "./logger.ts";

/** Characters that cannot stand in a JSON text as they are, newline apart. */
const SPECIAL = /[\u0000-\u0009\u000b-\u001f"\\<>&\u2028\u2029]/;

const SPECIALS = /[\u0000-\u001f"\\<>&\u2028\u2029]/g;

/** One character as Go escapes it. */
function escapeCharacter(c: string): string {
  if (c === '"' || c === "\\") return `\\${c}`;
  if (c === "\n") return "\\n";
  if (c === "\r") return "\\r";
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What comes after the text of a line. */
function tail(stream: OutputChunk["stream"], time: string): string {
  return `","stream":"${stream}","time":"${time}"}\n`;
}

/** A text without newline, or a part of one, as a line. */
export function encodePartial(text: string, stream: OutputChunk["stream"], time: string): string {
  return `{"log":"${text.replace(SPECIALS, escapeCharacter)}${tail(stream, time)}`;
}

/** Whole lines, each ending in a newline, as lines of the log. */
export function encodeLines(text: string, stream: OutputChunk["stream"], time: string): string {
  const escaped = SPECIAL.test(text)
    ? text.replace(/[\u0000-\u0009\u000b-\u001f"\\<>&\u2028\u2029]/g, escapeCharacter)
    : text;
  const end = `\\n${tail(stream, time)}`;
  return `{"log":"${escaped.slice(0, -1).replaceAll("\n", `${end}{"log":"`)}${end}`;
}

/** Reads one line of the log; undefined if it is torn. */
export function decodeLine(line: string): LogEntry | undefined {
  try {
    const { log, stream, time } = JSON.parse(line) as { log?: string; stream?: string; time?: string };
    return {
      line: Buffer.from(log ?? ""),
      stream: stream === "stderr" ? "stderr" : "stdout",
      time: parseNano(time ?? ""),
    };
  } catch {
    return undefined;
  }
}
