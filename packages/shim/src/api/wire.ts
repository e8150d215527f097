/**
 * Our records as protobuf messages and back: requests, answers and events of the task service.
 *
 * Task v2 and v3 have the same messages, so one table serves both.
 *
 * @module
 */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type Any,
  AnySchema,
  type Timestamp,
  timestampDate,
  timestampFromDate,
} from "@bufbuild/protobuf/wkt";
import * as events from "./gen/containerd/events/task_pb.ts";
import { ProcessDetailsSchema } from "./gen/containerd/runc/v1/options_pb.ts";
import type * as task from "./gen/containerd/task/v2/task_pb.ts";
import type { Envelope, EnvelopeSchema } from "./gen/containerd/types/event_pb.ts";
import type { Mount as WireMount } from "./gen/containerd/types/mount_pb.ts";
import { Status } from "./gen/containerd/v1/types/task_pb.ts";
import type { EventEnvelope, TaskEvent } from "./task_event.ts";
import type {
  CreateTaskRequest,
  ExecProcessRequest,
  ExitStatus,
  Mount,
  ProcessExit,
  ProcessInfo,
  ProcessState,
  ProcessStatus,
  Stdio,
  UpdateTaskRequest,
} from "./task_service.ts";
import { type TypedValue, typeName } from "./typed_value.ts";

/** A typed value as an `Any`, of which the type URL stays as it is. */
export function toAny(value: TypedValue): Any {
  return create(AnySchema, { typeUrl: value.typeUrl, value: value.value });
}

/** An `Any` as a typed value. */
export function fromAny(any: Any): TypedValue {
  return { typeUrl: any.typeUrl, value: any.value };
}

/** A time as a wire timestamp; Go's zero time is what peers send for "never". */
export function toTimestamp(date: Date | undefined): Timestamp | undefined {
  return date === undefined ? undefined : timestampFromDate(date);
}

/** A wire timestamp as a time; absent and Go's zero time (year 1) are undefined. */
export function fromTimestamp(timestamp: Timestamp | undefined): Date | undefined {
  if (timestamp === undefined || timestamp.seconds <= -62135596800n) return undefined;
  return timestampDate(timestamp);
}

const statusNames: Readonly<Record<ProcessStatus, Status>> = {
  unknown: Status.UNKNOWN,
  created: Status.CREATED,
  running: Status.RUNNING,
  stopped: Status.STOPPED,
  paused: Status.PAUSED,
  pausing: Status.PAUSING,
};

/** A status as its wire number. */
export function toStatus(status: ProcessStatus): Status {
  return statusNames[status];
}

/** A wire status as our word. */
export function fromStatus(status: Status): ProcessStatus {
  for (const [name, value] of Object.entries(statusNames)) if (value === status) return name as ProcessStatus;
  return "unknown";
}

/** A wire mount as our record. */
export function fromMount(mount: WireMount): Mount {
  const { type, source, target, options } = mount;
  return { type, source, options, ...(target === "" ? {} : { target }) };
}

/** Our mount as a wire message's fields. */
export function toMount(mount: Mount): {
  type: string;
  source: string;
  target: string;
  options: string[];
} {
  return {
    type: mount.type,
    source: mount.source,
    target: mount.target ?? "",
    options: [...mount.options],
  };
}

/** The stdio fields of any message that has them. */
export function stdioOf(message: Stdio): Stdio {
  const { stdin, stdout, stderr, terminal } = message;
  return { stdin, stdout, stderr, terminal };
}

/** An exit as wire fields. */
export function toExit(exit: ProcessExit): {
  pid: number;
  exitStatus: number;
  exitedAt: Timestamp | undefined;
} {
  return { pid: exit.pid, exitStatus: exit.exitStatus, exitedAt: toTimestamp(exit.exitedAt) };
}

/** Wire fields as an exit status. */
export function fromExit(message: { exitStatus: number; exitedAt?: Timestamp | undefined }): ExitStatus {
  return { exitStatus: message.exitStatus, exitedAt: fromTimestamp(message.exitedAt) };
}

/** A create request as its message. */
export function toCreateRequest(
  request: CreateTaskRequest,
): MessageInitShape<typeof task.CreateTaskRequestSchema> {
  const { id, bundle, checkpoint = "", parentCheckpoint = "", options } = request;
  return {
    ...stdioOf(request),
    id,
    bundle,
    checkpoint,
    parentCheckpoint,
    rootfs: request.rootfs.map(toMount),
    ...(options === undefined ? {} : { options: toAny(options) }),
  };
}

/** A create message as our request. */
export function fromCreateRequest(message: task.CreateTaskRequest): CreateTaskRequest {
  const { id, bundle, checkpoint, parentCheckpoint, options } = message;
  return {
    ...stdioOf(message),
    id,
    bundle,
    rootfs: message.rootfs.map(fromMount),
    ...(checkpoint === "" ? {} : { checkpoint }),
    ...(parentCheckpoint === "" ? {} : { parentCheckpoint }),
    ...(options === undefined ? {} : { options: fromAny(options) }),
  };
}

/** An exec request as its message. */
export function toExecRequest(
  request: ExecProcessRequest,
): MessageInitShape<typeof task.ExecProcessRequestSchema> {
  return { ...stdioOf(request), id: request.id, execId: request.execId, spec: toAny(request.spec) };
}

/** An exec message as our request. */
export function fromExecRequest(message: task.ExecProcessRequest): ExecProcessRequest {
  const spec = message.spec === undefined ? { typeUrl: "", value: new Uint8Array(0) } : fromAny(message.spec);
  return { ...stdioOf(message), id: message.id, execId: message.execId, spec };
}

/** A state as its message. */
export function toState(state: ProcessState): MessageInitShape<typeof task.StateResponseSchema> {
  const { id, execId, bundle, pid, exitStatus } = state;
  return {
    ...stdioOf(state),
    id,
    execId,
    bundle,
    pid,
    exitStatus,
    status: toStatus(state.status),
    exitedAt: toTimestamp(state.exitedAt),
  } as MessageInitShape<typeof task.StateResponseSchema>;
}

/** A state message as our record. */
export function fromState(message: task.StateResponse): ProcessState {
  const { id, execId, bundle, pid } = message;
  return {
    ...stdioOf(message),
    ...fromExit(message),
    id,
    execId,
    bundle,
    pid,
    status: fromStatus(message.status),
  };
}

/** Processes as a message. */
export function toPids(processes: readonly ProcessInfo[]): MessageInitShape<typeof task.PidsResponseSchema> {
  return {
    processes: processes.map(({ pid, info }) => ({
      pid,
      ...(info === undefined ? {} : { info: toAny(info) }),
    })),
  };
}

/** What tells an executed process in a list: `containerd.runc.v1.ProcessDetails`. */
export function processDetails(execId: string): TypedValue {
  const details = create(ProcessDetailsSchema, { execId });
  return { typeUrl: "containerd.runc.v1.ProcessDetails", value: toBinary(ProcessDetailsSchema, details) };
}

/** An update message as our request. */
export function fromUpdateRequest(message: task.UpdateTaskRequest): UpdateTaskRequest {
  const { id, resources, annotations } = message;
  return { id, annotations, ...(resources === undefined ? {} : { resources: fromAny(resources) }) };
}

/** A task event as a typed value, under its name in `containerd.events`. */
export function toTypedEvent(event: TaskEvent): TypedValue {
  const typed = (name: string, value: Uint8Array): TypedValue => ({
    typeUrl: `containerd.events.${name}`,
    value,
  });
  const { topic: _topic, ...fields } = event;
  switch (event.topic) {
    case "/tasks/create": {
      const { containerId, bundle, checkpoint, pid } = event;
      const message = create(events.TaskCreateSchema, {
        containerId,
        bundle,
        checkpoint,
        pid,
        rootfs: event.rootfs.map(toMount),
        io: stdioOf(event.io),
      });
      return typed("TaskCreate", toBinary(events.TaskCreateSchema, message));
    }
    case "/tasks/start":
      return typed("TaskStart", toBinary(events.TaskStartSchema, create(events.TaskStartSchema, fields)));
    case "/tasks/exit": {
      const { containerId, id } = event;
      const init = { ...toExit(event), containerId, id } as MessageInitShape<typeof events.TaskExitSchema>;
      return typed("TaskExit", toBinary(events.TaskExitSchema, create(events.TaskExitSchema, init)));
    }
    case "/tasks/delete": {
      const { containerId, id } = event;
      const init = { ...toExit(event), containerId, id } as MessageInitShape<typeof events.TaskDeleteSchema>;
      return typed("TaskDelete", toBinary(events.TaskDeleteSchema, create(events.TaskDeleteSchema, init)));
    }
    case "/tasks/exec-added":
      return typed(
        "TaskExecAdded",
        toBinary(events.TaskExecAddedSchema, create(events.TaskExecAddedSchema, fields)),
      );
    case "/tasks/exec-started":
      return typed(
        "TaskExecStarted",
        toBinary(events.TaskExecStartedSchema, create(events.TaskExecStartedSchema, fields)),
      );
    case "/tasks/oom":
      return typed("TaskOOM", toBinary(events.TaskOOMSchema, create(events.TaskOOMSchema, fields)));
    case "/tasks/paused":
      return typed("TaskPaused", toBinary(events.TaskPausedSchema, create(events.TaskPausedSchema, fields)));
    case "/tasks/resumed":
      return typed(
        "TaskResumed",
        toBinary(events.TaskResumedSchema, create(events.TaskResumedSchema, fields)),
      );
    case "/tasks/checkpointed":
      return typed(
        "TaskCheckpointed",
        toBinary(events.TaskCheckpointedSchema, create(events.TaskCheckpointedSchema, fields)),
      );
  }
}

/**
 * A typed value as a task event; undefined if it is none that we know.
 *
 * @throws {Error} if the bytes are malformed.
 */
export function fromTypedEvent({ typeUrl, value }: TypedValue): TaskEvent | undefined {
  switch (typeName(typeUrl)) {
    case "containerd.events.TaskCreate": {
      const m = fromBinary(events.TaskCreateSchema, value);
      const io = m.io === undefined ? { stdin: "", stdout: "", stderr: "", terminal: false } : stdioOf(m.io);
      const { containerId, bundle, checkpoint, pid } = m;
      return {
        topic: "/tasks/create",
        containerId,
        bundle,
        checkpoint,
        pid,
        io,
        rootfs: m.rootfs.map(fromMount),
      };
    }
    case "containerd.events.TaskStart": {
      const { containerId, pid } = fromBinary(events.TaskStartSchema, value);
      return { topic: "/tasks/start", containerId, pid };
    }
    case "containerd.events.TaskExit": {
      const m = fromBinary(events.TaskExitSchema, value);
      return { topic: "/tasks/exit", containerId: m.containerId, id: m.id, pid: m.pid, ...fromExit(m) };
    }
    case "containerd.events.TaskDelete": {
      const m = fromBinary(events.TaskDeleteSchema, value);
      return { topic: "/tasks/delete", containerId: m.containerId, id: m.id, pid: m.pid, ...fromExit(m) };
    }
    case "containerd.events.TaskExecAdded": {
      const { containerId, execId } = fromBinary(events.TaskExecAddedSchema, value);
      return { topic: "/tasks/exec-added", containerId, execId };
    }
    case "containerd.events.TaskExecStarted": {
      const { containerId, execId, pid } = fromBinary(events.TaskExecStartedSchema, value);
      return { topic: "/tasks/exec-started", containerId, execId, pid };
    }
    case "containerd.events.TaskOOM":
      return { topic: "/tasks/oom", containerId: fromBinary(events.TaskOOMSchema, value).containerId };
    case "containerd.events.TaskPaused":
      return { topic: "/tasks/paused", containerId: fromBinary(events.TaskPausedSchema, value).containerId };
    case "containerd.events.TaskResumed":
      return {
        topic: "/tasks/resumed",
        containerId: fromBinary(events.TaskResumedSchema, value).containerId,
      };
    case "containerd.events.TaskCheckpointed": {
      const { containerId, checkpoint } = fromBinary(events.TaskCheckpointedSchema, value);
      return { topic: "/tasks/checkpointed", containerId, checkpoint };
    }
    default:
      return undefined;
  }
}

/** Our envelope as its message. */
export function toEnvelope(envelope: EventEnvelope): MessageInitShape<typeof EnvelopeSchema> {
  return {
    timestamp: timestampFromDate(envelope.timestamp),
    namespace: envelope.namespace,
    topic: envelope.topic,
    event: toAny(toTypedEvent(envelope.event)),
  };
}

/** An envelope message as our record; its event is left encoded. */
export function fromEnvelope(envelope: Envelope | undefined): EventEnvelope<TypedValue> {
  return {
    timestamp: fromTimestamp(envelope?.timestamp) ?? new Date(),
    namespace: envelope?.namespace ?? "",
    topic: envelope?.topic ?? "",
    event:
      envelope?.event === undefined ? { typeUrl: "", value: new Uint8Array(0) } : fromAny(envelope.event),
  };
}
