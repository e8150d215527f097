/**
 * TaskRecord: what a task is on disk, `<bundle>/rt-task.json`.
 *
 * The record is written before each step that changes the world and after it, so that a service that was killed
 * anywhere finds, when it starts again, what was begun, what is done, and which events nobody acknowledged.
 *
 * @module
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Process } from "@rt/runc/oci";
import type { TaskEvent } from "../api/task_event.ts";
import type { Mount, Stdio } from "../api/task_service.ts";

/** Name of the record's file in a bundle. */
export const RECORD_FILE = "rt-task.json";

/** How far a process has come; `added` is an exec that was not started. */
export type ProcessPhase = "added" | "creating" | "created" | "starting" | "running" | "stopped";

/** One process of a task. */
export interface ProcessRecord {
  /** Empty for init. */
  execId: string;
  stdio: Stdio;
  phase: ProcessPhase;
  /** 0 until it exists. */
  pid: number;
  /** How many exits the monitor had recorded before this process was launched: earlier ones are of other processes. */
  exitsFrom: number;
  /** Set once its end was seen. Time in milliseconds since 1970. */
  exit?: { exitStatus: number; exitedAtMs: number };
  /** FIFOs that the monitor holds open for it, by name; values name the holds. */
  holds: { stdin?: number; stdout?: number; stderr?: number; control?: number };
  /** FIFO of resize commands of its terminal. */
  control?: string;
  /** The OCI process of an exec. */
  process?: Process;
}

/** Which OCI runtime runs a task, and how. */
export interface RuntimeChoice {
  /** Program of the runtime; empty for ours, in process. */
  readonly binary: string;
  /** State directory of the runtime. */
  readonly root: string;
  readonly systemdCgroup: boolean;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
}

/** An event that was not acknowledged yet. */
export interface PendingEvent {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly event: TaskEvent;
}

/** One task. */
export interface TaskRecord {
  readonly version: 1;
  readonly id: string;
  /** The containerd namespace. */
  readonly namespace: string;
  readonly bundle: string;
  /** Socket of the service that the task belongs to. */
  readonly address: string;
  readonly runtime: RuntimeChoice;
  readonly rootfs: readonly Mount[];
  /** Directory of the container's monitor. */
  readonly monitor: string;
  /** `memory.oom_control` (v1) or `memory.events` (v2) of the container, where known. */
  oomFile?: string;
  /** Kills by the kernel for want of memory that were told so far. */
  oomKills: number;
  paused: boolean;
  readonly init: ProcessRecord;
  readonly execs: ProcessRecord[];
  readonly pending: PendingEvent[];
}

/** Writes the record: whole or not at all. */
export function saveRecord(record: TaskRecord): void {
  const path = join(record.bundle, RECORD_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Removes the record; it may be gone already. */
export function removeRecord(bundle: string): void {
  rmSync(join(bundle, RECORD_FILE), { force: true });
}

/** The record in `bundle`; undefined if there is none that can be read. */
export function loadRecord(bundle: string): TaskRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(bundle, RECORD_FILE), "utf8");
  } catch {
    return undefined;
  }
  const record = JSON.parse(text, reviveDate) as TaskRecord;
  return record.version === 1 ? record : undefined;
}

/** Dates inside events travel as ISO texts under this one name. */
function reviveDate(key: string, value: unknown): unknown {
  return key === "exitedAt" && typeof value === "string" ? new Date(value) : value;
}

/** The records of all bundles below `directory` that belong to the service at `address`. */
export function loadRecords(directory: string, address: string): TaskRecord[] {
  const records: TaskRecord[] = [];
  for (const name of readdirSync(directory)) {
    const record = loadRecord(join(directory, name));
    if (record !== undefined && record.address === address) records.push(record);
  }
  return records;
}
