/**
 * Follower: copies the log of one container from the engine to its file, line by line, each line once.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, LogStream } from "@rt/dockerd/api";
import { sinceOf } from "../convert/time.ts";
import { hasCode } from "../errors.ts";
import { type Logger, silentLogger } from "../oci.ts";
import { EntryReader, type LogEntry } from "./entries.ts";
import { formatLine, type StreamName } from "./line.ts";
import type { LogFile } from "./log_file.ts";
import type { LogPosition } from "./position.ts";

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5000;

/** What a follower needs. */
export interface FollowDeps {
  readonly engine: Engine;
  readonly file: LogFile;
}

/** Options of {@linkcode followLog}. */
export interface FollowOptions {
  /** Ends the copying; what was read is written. */
  readonly signal: AbortSignal;
  readonly log?: Logger;
}

/**
 * Copies the log of `container` until it has ended and its log has been read to the end, or the container is gone.
 * An engine that goes away is asked again, for as long as it takes.
 */
export async function followLog(
  { engine, file }: FollowDeps,
  container: string,
  { signal, log = silentLogger }: FollowOptions,
): Promise<void> {
  for (let wait = RETRY_MIN_MS; !signal.aborted; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
    try {
      // The state before reading: a log that is read after the end is whole.
      const { State } = await engine.containers.inspect(container, { signal });
      const position = await file.position();
      const copied = await copyOnce(engine, file, container, position, signal);
      if (!State.Running) return;
      if (copied > 0) wait = RETRY_MIN_MS;
    } catch (err) {
      if (signal.aborted || hasCode(err, "NOT_FOUND")) return;
      log.warn("copying of a container's log was interrupted", { container, err });
    }
    // A rejected sleep is the signal, which the loop's condition sees.
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}

/** Copies what the engine has and will have while the container runs; resolves with the number of lines. */
async function copyOnce(
  engine: Engine,
  file: LogFile,
  container: string,
  position: LogPosition,
  signal: AbortSignal,
): Promise<number> {
  await using stream = await engine.containers.logs(container, {
    signal,
    stdout: true,
    stderr: true,
    follow: true,
    timestamps: true,
    ...(position.since === undefined ? {} : { since: sinceOf(position.since) }),
  });
  return await copy(stream, file, position);
}

/** Copies one stream of entries to the file, leaving out those that it holds. */
export async function copy(
  stream: Pick<LogStream, "tty" | "output">,
  file: Pick<LogFile, "append">,
  position: LogPosition,
): Promise<number> {
  const readers: Readonly<Record<StreamName, EntryReader>> = {
    stdout: new EntryReader(),
    stderr: new EntryReader(),
  };
  let count = 0;
  const write = async (name: StreamName, entries: Iterable<LogEntry>): Promise<void> => {
    const lines: Buffer[] = [];
    for (const entry of entries) {
      if (!position.skips(name, entry.time)) lines.push(formatLine(name, entry));
    }
    if (lines.length > 0) await file.append(Buffer.concat(lines));
    count += lines.length;
  };
  for await (const { stream: name, data } of stream.output) {
    await write(name, readers[name].read(data, !stream.tty));
  }
  // Only at a clean end: what a broken connection leaves unfinished is read again.
  for (const name of ["stdout", "stderr"] as const) await write(name, readers[name].end());
  return count;
}
