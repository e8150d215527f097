/**
 * Opens a container's log by its configuration.
 *
 * @module
 */
import type { LogConfig } from "../api/types/index.ts";
import { NotImplementedError } from "../errors.ts";
import type { NanoClock } from "../time.ts";
import { JsonFileLog, jsonFileOptions } from "./json_file.ts";
import { readLogFiles } from "./json_reader.ts";
import type { ContainerLog, LogEntry, LogReadOptions } from "./logger.ts";

/** A log that keeps nothing. */
const nothing: ContainerLog = {
  write() {},
  read() {
    throw new NotImplementedError("configured logging driver does not support reading");
  },
  close() {},
};

/** The log of a container that is to be written. */
export function openLog(config: LogConfig, path: string, clock: NanoClock): ContainerLog {
  if (config.Type === "none") return nothing;
  return new JsonFileLog(path, jsonFileOptions(config.Config ?? {}), clock);
}

/** Reads the log of a container that does not run. */
export function readLog(config: LogConfig, path: string, options: LogReadOptions): AsyncIterable<LogEntry> {
  if (config.Type === "none") return nothing.read(options);
  const { maxFiles } = jsonFileOptions(config.Config ?? {});
  return readLogFiles({ path, maxFiles, isOpen: () => false, changed: () => Promise.resolve() }, options);
}
