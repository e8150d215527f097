/**
 * Lines of a log file in the CRI's format: `<time> <stdout|stderr> <P|F> <text>`.
 *
 * `F` ends a line, `P` is a piece of one that goes on.
 * Source: kubernetes `pkg/kubelet/kuberuntime/logs`, containerd `internal/cri/io/logger.go`.
 *
 * @module
 */
import type { OutputChunk } from "@rt/dockerd/api";
import type { LogEntry } from "./entries.ts";

/** A stream of a container. */
export type StreamName = OutputChunk["stream"];

/** A line of the file, with its newline. */
export function formatLine(stream: StreamName, entry: LogEntry): Buffer {
  const head = `${entry.time} ${stream} ${entry.partial ? "P" : "F"} `;
  const line = Buffer.allocUnsafe(head.length + entry.text.length + 1);
  line.write(head, "latin1");
  line.set(entry.text, head.length);
  line[line.length - 1] = 0x0a;
  return line;
}

/** A line read back, text as UTF-8; undefined if it is not in the format. */
export function parseLine(
  line: string,
): { time: string; stream: StreamName; partial: boolean; text: string } | undefined {
  const match = /^(\S+) (stdout|stderr) ([PF])(?::\S*)? (.*)$/s.exec(line);
  if (match === null) return undefined;
  const [, time = "", stream, tag, text = ""] = match;
  return { time, stream: stream as StreamName, partial: tag === "P", text };
}
