/**
 * Store of containers: `<root>/<id>/state.json`, written whole and renamed; the directory itself claims the id.
 *
 * The format is our own (runc's state.json holds its internal configuration); only we read it. While a call changes a
 * container it holds `<root>/<id>/lock`, a file with its pid and start time: one left by a dead process is taken over.
 *
 * @module
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { RtError } from "@rt/oci-spec/errors";
import type { Spec } from "@rt/oci-spec/oci";
import { formatJson, parseJson } from "@rt/oci-spec/oci";
import type { CgroupPaths } from "../cgroups/path.ts";
import { ContainerExistsError, ContainerNotFoundError, InvalidRequestError } from "../errors.ts";
import { startTimeOf } from "./process_state.ts";

/** What is kept of a container. */
export interface ContainerRecord {
  /** Version of this format. */
  readonly version: 1;
  readonly id: string;
  /** Absolute path. */
  readonly bundle: string;
  /** Absolute path. */
  readonly rootfs: string;
  /** RFC 3339. */
  readonly created: string;
  /** Pid of init; 0 while it is being made. */
  readonly pid: number;
  /** Start time of init, in clock ticks since boot, which makes the pid unambiguous. */
  readonly startTime: number;
  /** User that made it. */
  readonly owner: number;
  readonly cgroupPaths: CgroupPaths;
  readonly newKeyring: boolean;
  readonly spec: Spec;
}

const STATE = "state.json";
const LOCK = "lock";
const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 5;

/** Path of the FIFO that a container's init waits on. */
export function fifoPath(root: string, id: string): string {
  return join(root, id, "exec.fifo");
}

/** @throws {InvalidRequestError} if `id` cannot name a container. */
export function checkId(id: string): void {
  if (!/^[A-Za-z0-9_+.-]+$/.test(id) || id === "." || id === "..") {
    throw new InvalidRequestError("invalid container ID format");
  }
}

/** Claims `id`; the result releases it. @throws {ContainerExistsError} */
export function claim(root: string, id: string): void {
  checkId(id);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  try {
    mkdirSync(join(root, id), { mode: 0o711 });
  } catch (err) {
    if ((err as { code?: string }).code === "EEXIST") throw new ContainerExistsError(id);
    throw err;
  }
}

/** Writes the record. */
export function save(root: string, record: ContainerRecord): void {
  const path = join(root, record.id, STATE);
  writeFileSync(`${path}.new`, formatJson(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Reads the record of `id`. @throws {ContainerNotFoundError} `DATA_LOSS` if it cannot be read as one. */
export function load(root: string, id: string): ContainerRecord {
  checkId(id);
  let text: string;
  try {
    text = readFileSync(join(root, id, STATE), "utf8");
  } catch (err) {
    if (["ENOENT", "ENOTDIR"].includes((err as { code?: string }).code ?? ""))
      throw new ContainerNotFoundError(id);
    throw err;
  }
  const record = parseJson(text, "state.json") as ContainerRecord;
  if (record.version !== 1)
    throw new RtError("DATA_LOSS", `cannot read state of container ${id}: unknown format`);
  return record;
}

/** Ids below `root`, sorted. */
export function ids(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, STATE)))
    .sort();
}

/** Gives `id` up. */
export function forget(root: string, id: string): void {
  rmSync(join(root, id), { recursive: true, force: true });
}

/** Runs `body` while no other call, of this or another process, changes container `id`. */
export async function withLock<T>(root: string, id: string, body: () => Promise<T> | T): Promise<T> {
  checkId(id);
  const path = join(root, id, LOCK);
  await acquire(path, id);
  try {
    return await body();
  } finally {
    rmSync(path, { force: true });
  }
}

async function acquire(path: string, id: string): Promise<void> {
  const mine = `${process.pid} ${startTimeOf(process.pid) ?? 0}`;
  for (let waited = 0; ; waited += LOCK_POLL_MS) {
    try {
      writeFileSync(path, mine, { flag: "wx", mode: 0o600 });
      return;
    } catch (err) {
      const code = (err as { code?: string }).code;
      if (code === "ENOENT" || code === "ENOTDIR") throw new ContainerNotFoundError(id);
      if (code !== "EEXIST") throw err;
    }
    if (isAbandoned(path)) rmSync(path, { force: true });
    else if (waited >= LOCK_WAIT_MS)
      throw new RtError("UNAVAILABLE", `cannot lock container ${id}: it is busy`);
    else await sleep(LOCK_POLL_MS);
  }
}

/** Whether whoever holds the lock is gone; an empty file is one being written, unless it is old. */
function isAbandoned(path: string): boolean {
  try {
    const [pid = 0, startTime] = readFileSync(path, "utf8").split(" ").map(Number);
    if (pid === 0) return Date.now() - statSync(path).mtimeMs > LOCK_WAIT_MS;
    return startTimeOf(pid) !== startTime;
  } catch {
    return false;
  }
}
