/**
 * Events from and to the messages that travel in an envelope.
 *
 * @module
 */
import { create, type DescMessage, fromBinary, isMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { AnySchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { TypedAny } from "../call.ts";
import type { ContainerdEvent, EventTopic } from "../event.ts";
import type { Envelope } from "../events.ts";
import * as container from "../gen/containerd/events/container_pb.ts";
import * as content from "../gen/containerd/events/content_pb.ts";
import * as image from "../gen/containerd/events/image_pb.ts";
import * as namespace from "../gen/containerd/events/namespace_pb.ts";
import * as snapshot from "../gen/containerd/events/snapshot_pb.ts";
import * as task from "../gen/containerd/events/task_pb.ts";
import { fromAny, fromTimestamp, toAny, toTimestamp } from "./common.ts";

const schemas: Readonly<Record<EventTopic, DescMessage>> = {
  "/namespaces/create": namespace.NamespaceCreateSchema,
  "/namespaces/update": namespace.NamespaceUpdateSchema,
  "/namespaces/delete": namespace.NamespaceDeleteSchema,
  "/containers/create": container.ContainerCreateSchema,
  "/containers/update": container.ContainerUpdateSchema,
  "/containers/delete": container.ContainerDeleteSchema,
  "/images/create": image.ImageCreateSchema,
  "/images/update": image.ImageUpdateSchema,
  "/images/delete": image.ImageDeleteSchema,
  "/content/create": content.ContentCreateSchema,
  "/content/delete": content.ContentDeleteSchema,
  "/snapshot/prepare": snapshot.SnapshotPrepareSchema,
  "/snapshot/commit": snapshot.SnapshotCommitSchema,
  "/snapshot/remove": snapshot.SnapshotRemoveSchema,
  "/tasks/create": task.TaskCreateSchema,
  "/tasks/start": task.TaskStartSchema,
  "/tasks/exit": task.TaskExitSchema,
  "/tasks/delete": task.TaskDeleteSchema,
  "/tasks/exec-added": task.TaskExecAddedSchema,
  "/tasks/exec-started": task.TaskExecStartedSchema,
  "/tasks/oom": task.TaskOOMSchema,
  "/tasks/paused": task.TaskPausedSchema,
  "/tasks/resumed": task.TaskResumedSchema,
  "/tasks/checkpointed": task.TaskCheckpointedSchema,
};

const schemaByType: ReadonlyMap<string, readonly [EventTopic, DescMessage]> = new Map(
  Object.entries(schemas).map(([topic, schema]) => [schema.typeName, [topic as EventTopic, schema]]),
);

/** Decodes any event message by its type's name into its fields; undefined for types that nobody knows. */
export function decodeEventFields(event: TypedAny): Readonly<Record<string, unknown>> | undefined {
  const known = schemaByType.get(event.typeUrl);
  if (known === undefined) return undefined;
  return plain(fromBinary(known[1], event.value)) as Record<string, unknown>;
}

/**
 * The event in an envelope.
 *
 * @returns Undefined for types of events that we do not know.
 *
 * @example
 * ```ts
 * import { decodeEvent, encodeEvent } from "@rt/containerd/api";
 * const event = encodeEvent({ topic: "/containers/delete", id: "web" });
 * const decoded = decodeEvent({ timestamp: new Date(), namespace: "default", topic: "/containers/delete", event });
 * if (decoded?.topic !== "/containers/delete" || decoded.id !== "web") throw new Error("lost");
 * ```
 */
export function decodeEvent(envelope: Envelope): ContainerdEvent | undefined {
  const known = schemaByType.get(envelope.event.typeUrl);
  if (known === undefined) return undefined;
  return {
    topic: known[0],
    ...(plain(fromBinary(known[1], envelope.event.value)) as object),
  } as ContainerdEvent;
}

/** The message of an event, as it goes into an envelope. */
export function encodeEvent(event: ContainerdEvent): TypedAny {
  const { topic, ...fields } = event;
  const schema = schemas[topic];
  const message = create(schema, wire(fields) as Record<string, unknown>);
  return { typeUrl: schema.typeName, value: toBinary(schema, message) };
}

/** A message as a record: no type names, dates for time stamps, numbers for 64-bit integers. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (isMessage(value, TimestampSchema)) return fromTimestamp(value);
  if (isMessage(value, AnySchema)) return fromAny(value);
  const entries = Object.entries(value as Message).filter(([key]) => !key.startsWith("$"));
  return Object.fromEntries(entries.map(([key, v]) => [key, plain(v)]));
}

/** The reverse of {@linkcode plain}, as far as events need it. */
function wire(value: unknown, key = ""): unknown {
  if (value instanceof Date) return toTimestamp(value);
  if (key === "size" && typeof value === "number") return BigInt(value);
  if (Array.isArray(value)) return value.map((v) => wire(v));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if ("typeUrl" in value) return toAny(value as TypedAny);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => [k, wire(v, k)]),
  );
}
