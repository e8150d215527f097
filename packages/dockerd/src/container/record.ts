/**
 * The record of a container: what is kept on disk, and what runs belongs to it.
 *
 * `config.v2.json` and `hostconfig.json` below `<data-root>/containers/<id>` have moby's field names.
 * Source: moby `daemon/container/container.go`, `state.go`.
 *
 * @module
 */
import type {
  ContainerConfig,
  ContainerState,
  ContainerWaitResponse,
  Health,
  HostConfig,
  MountPoint,
  NetworkSettings,
  WaitCondition,
} from "../api/types/index.ts";
import type { ContainerLog } from "../logger/logger.ts";
import { Mutex } from "../mutex.ts";
import type { Sandbox } from "../network/network.ts";
import { ZERO_TIME } from "../time.ts";
import type { ProcessIo } from "./io.ts";
import { ProcessStreams } from "./streams.ts";

/** A mount of a container with what only the engine needs. */
export interface MountRecord extends MountPoint {
  /** What kind of wish it came from, as inspect's `Mounts` shows its `Type`. */
  readonly Type: "bind" | "volume" | "tmpfs";
  /** Whether the container made the volume, with a name of its own. */
  readonly Anonymous?: boolean;
  /** Mounts nothing below the source. */
  readonly NonRecursive?: boolean;
  /** Options of a tmpfs. */
  readonly Options?: readonly string[];
}

/** State of a container on disk. */
export interface StateRecord {
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  OOMKilled: boolean;
  RemovalInProgress: boolean;
  Dead: boolean;
  Pid: number;
  ExitCode: number;
  Error: string;
  StartedAt: string;
  FinishedAt: string;
  Health?: Health;
}

/** `config.v2.json`. */
export interface ContainerRecord {
  readonly ID: string;
  readonly Created: string;
  /** With a leading slash. */
  Name: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly Config: ContainerConfig;
  /** Id of the image. */
  readonly Image: string;
  /** Chain id of the image's layers: the parent of the root snapshot. */
  readonly ChainId: string;
  readonly Driver: string;
  readonly OS: string;
  State: StateRecord;
  MountPoints: Record<string, MountRecord>;
  /** What the network controller gave; absent while the container does not run. */
  Sandbox?: Sandbox;
  /** What inspect shows of the network. */
  NetworkSettings: Pick<NetworkSettings, "Networks">;
  LogPath: string;
  RestartCount: number;
  HasBeenStartedBefore: boolean;
  HasBeenManuallyStopped: boolean;
}

/** Somebody who waits. */
export interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: ContainerWaitResponse) => void;
}

/** A container: its record, and what belongs to the running engine only. */
export interface Container {
  readonly id: string;
  readonly record: ContainerRecord;
  hostConfig: HostConfig;
  /** One change at a time. */
  readonly lock: Mutex;
  /** Streams of the main process: of the present run, or of the next one. */
  streams: ProcessStreams;
  /** The process's FIFOs, while it runs. */
  io: ProcessIo | undefined;
  /** Log of the present run. */
  log: ContainerLog | undefined;
  /** Ids of its execs. */
  readonly execs: Set<string>;
  /** Who waits for an end or for the removal. */
  readonly waiters: Set<Waiter>;
  /** Cancels a restart that waits. */
  cancelRestart: (() => void) | undefined;
  /** When the present run began, milliseconds of the monotonic clock. */
  startedAtMs: number;
  /** How long the next restart waits. Milliseconds. */
  backoffMs: number;
  /** Ends the health checks. */
  stopHealth: (() => void) | undefined;
}

/** A container around a record. */
export function containerOf(record: ContainerRecord, hostConfig: HostConfig): Container {
  return {
    id: record.ID,
    record,
    hostConfig,
    lock: new Mutex(),
    streams: new ProcessStreams(),
    io: undefined,
    log: undefined,
    execs: new Set(),
    waiters: new Set(),
    cancelRestart: undefined,
    startedAtMs: 0,
    backoffMs: 0,
    stopHealth: undefined,
  };
}

/** State of a container that has not been started. */
export function freshState(): StateRecord {
  return {
    Running: false,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    RemovalInProgress: false,
    Dead: false,
    Pid: 0,
    ExitCode: 0,
    Error: "",
    StartedAt: ZERO_TIME,
    FinishedAt: ZERO_TIME,
  };
}

/** The word for a state. */
export function statusOf(state: StateRecord): ContainerState["Status"] {
  if (state.Running) return state.Paused ? "paused" : state.Restarting ? "restarting" : "running";
  if (state.RemovalInProgress) return "removing";
  if (state.Dead) return "dead";
  if (state.Restarting) return "restarting";
  return state.StartedAt === ZERO_TIME ? "created" : "exited";
}

/** The name without its slash. */
export function bareName(container: Container): string {
  return container.record.Name.slice(1);
}
