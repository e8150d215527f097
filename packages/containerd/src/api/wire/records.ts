/**
 * Each service's main record, from and to its wire message.
 *
 * @module
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Platform } from "../../oci.ts";
import type { Container, ContainerInput } from "../containers.ts";
import type { ContentInfo, IngestStatus } from "../content.ts";
import type {
  ContainerSchema,
  Container as WireContainer,
} from "../gen/containerd/services/containers/v1/containers_pb.ts";
import type {
  InfoSchema as ContentInfoSchema,
  StatusSchema as IngestStatusSchema,
  Info as WireContentInfo,
  Status as WireIngestStatus,
} from "../gen/containerd/services/content/v1/content_pb.ts";
import type { ImageSchema, Image as WireImage } from "../gen/containerd/services/images/v1/images_pb.ts";
import type {
  PluginSchema,
  Plugin as WirePlugin,
} from "../gen/containerd/services/introspection/v1/introspection_pb.ts";
import type { LeaseSchema, Lease as WireLease } from "../gen/containerd/services/leases/v1/leases_pb.ts";
import {
  type InfoSchema,
  Kind,
  type Info as WireSnapshotInfo,
} from "../gen/containerd/services/snapshots/v1/snapshots_pb.ts";
import {
  type ProcessSchema,
  Status,
  type Process as WireProcess,
} from "../gen/containerd/v1/types/task_pb.ts";
import type { Image, ImageInput } from "../images.ts";
import type { PluginInfo } from "../introspection.ts";
import type { Lease } from "../leases.ts";
import type { SnapshotInfo, SnapshotKind } from "../snapshots.ts";
import type { TaskProcess, TaskStatus } from "../tasks.ts";
import {
  dateOf,
  fromAny,
  fromAnyMap,
  fromDescriptor,
  fromTimestamp,
  toAny,
  toAnyMap,
  toDescriptor,
  toTimestamp,
  toTimestampOrNone,
} from "./common.ts";

/** Container from the wire. */
export function fromContainer(c: WireContainer): Container {
  return {
    id: c.id,
    labels: c.labels,
    image: c.image,
    runtime: {
      name: c.runtime?.name ?? "",
      ...(c.runtime?.options === undefined ? {} : { options: fromAny(c.runtime.options) }),
    },
    ...(c.spec === undefined ? {} : { spec: fromAny(c.spec) }),
    snapshotter: c.snapshotter,
    snapshotKey: c.snapshotKey,
    createdAt: dateOf(c.createdAt),
    updatedAt: dateOf(c.updatedAt),
    extensions: fromAnyMap(c.extensions),
    sandbox: c.sandbox,
  };
}

/** Container to the wire. */
export function toContainer(
  c: ContainerInput & Partial<Container>,
): MessageInitShape<typeof ContainerSchema> {
  const runtime = c.runtime && {
    name: c.runtime.name,
    ...(c.runtime.options === undefined ? {} : { options: toAny(c.runtime.options) }),
  };
  return {
    id: c.id,
    labels: { ...c.labels },
    image: c.image ?? "",
    ...(runtime === undefined ? {} : { runtime }),
    ...(c.spec === undefined ? {} : { spec: toAny(c.spec) }),
    snapshotter: c.snapshotter ?? "",
    snapshotKey: c.snapshotKey ?? "",
    ...(c.createdAt === undefined ? {} : { createdAt: toTimestamp(c.createdAt) }),
    ...(c.updatedAt === undefined ? {} : { updatedAt: toTimestamp(c.updatedAt) }),
    extensions: toAnyMap(c.extensions),
    sandbox: c.sandbox ?? "",
  };
}

/** Blob from the wire. */
export function fromContentInfo(i: WireContentInfo): ContentInfo {
  return {
    digest: i.digest,
    size: Number(i.size),
    createdAt: dateOf(i.createdAt),
    updatedAt: dateOf(i.updatedAt),
    labels: i.labels,
  };
}

/** Blob to the wire. */
export function toContentInfo(i: ContentInfo): MessageInitShape<typeof ContentInfoSchema> {
  return {
    digest: i.digest,
    size: BigInt(i.size),
    createdAt: toTimestamp(i.createdAt),
    updatedAt: toTimestamp(i.updatedAt),
    labels: { ...i.labels },
  };
}

/** Ingest from the wire. */
export function fromIngestStatus(s: WireIngestStatus): IngestStatus {
  return {
    ref: s.ref,
    offset: Number(s.offset),
    total: Number(s.total),
    expected: s.expected,
    startedAt: dateOf(s.startedAt),
    updatedAt: dateOf(s.updatedAt),
  };
}

/** Ingest to the wire. */
export function toIngestStatus(s: IngestStatus): MessageInitShape<typeof IngestStatusSchema> {
  return {
    ref: s.ref,
    offset: BigInt(s.offset),
    total: BigInt(s.total),
    expected: s.expected,
    startedAt: toTimestamp(s.startedAt),
    updatedAt: toTimestamp(s.updatedAt),
  };
}

/** Image from the wire. */
export function fromImage(i: WireImage): Image {
  return {
    name: i.name,
    labels: i.labels,
    target: fromDescriptor(i.target),
    createdAt: dateOf(i.createdAt),
    updatedAt: dateOf(i.updatedAt),
  };
}

/** Image to the wire. */
export function toImage(i: ImageInput & Partial<Image>): MessageInitShape<typeof ImageSchema> {
  return {
    name: i.name,
    labels: { ...i.labels },
    target: toDescriptor(i.target),
    ...(i.createdAt === undefined ? {} : { createdAt: toTimestamp(i.createdAt) }),
    ...(i.updatedAt === undefined ? {} : { updatedAt: toTimestamp(i.updatedAt) }),
  };
}

const kindOfWire: Readonly<Record<Kind, SnapshotKind>> = {
  [Kind.UNKNOWN]: "active",
  [Kind.VIEW]: "view",
  [Kind.ACTIVE]: "active",
  [Kind.COMMITTED]: "committed",
};

const kindToWire: Readonly<Record<SnapshotKind, Kind>> = {
  view: Kind.VIEW,
  active: Kind.ACTIVE,
  committed: Kind.COMMITTED,
};

/** Snapshot from the wire. */
export function fromSnapshotInfo(i: WireSnapshotInfo): SnapshotInfo {
  return {
    name: i.name,
    parent: i.parent,
    kind: kindOfWire[i.kind] ?? "active",
    labels: i.labels,
    createdAt: dateOf(i.createdAt),
    updatedAt: dateOf(i.updatedAt),
  };
}

/** Snapshot to the wire. */
export function toSnapshotInfo(i: SnapshotInfo): MessageInitShape<typeof InfoSchema> {
  return {
    name: i.name,
    parent: i.parent,
    kind: kindToWire[i.kind],
    createdAt: toTimestamp(i.createdAt),
    updatedAt: toTimestamp(i.updatedAt),
    labels: { ...i.labels },
  };
}

/** Lease from the wire. */
export function fromLease(l: WireLease): Lease {
  return { id: l.id, createdAt: dateOf(l.createdAt), labels: l.labels };
}

/** Lease to the wire. */
export function toLease(l: Lease): MessageInitShape<typeof LeaseSchema> {
  return { id: l.id, createdAt: toTimestamp(l.createdAt), labels: { ...l.labels } };
}

const statusOfWire: Readonly<Record<Status, TaskStatus>> = {
  [Status.UNKNOWN]: "unknown",
  [Status.CREATED]: "created",
  [Status.RUNNING]: "running",
  [Status.STOPPED]: "stopped",
  [Status.PAUSED]: "paused",
  [Status.PAUSING]: "pausing",
};

const statusToWire: Readonly<Record<TaskStatus, Status>> = {
  unknown: Status.UNKNOWN,
  created: Status.CREATED,
  running: Status.RUNNING,
  stopped: Status.STOPPED,
  paused: Status.PAUSED,
  pausing: Status.PAUSING,
};

/** Process from the wire. */
export function fromProcess(p: WireProcess): TaskProcess {
  const exitedAt = fromTimestamp(p.exitedAt);
  return {
    // The peer leaves container_id empty for init and fills only id.
    containerId: p.containerId || p.id,
    id: p.id,
    pid: p.pid,
    status: statusOfWire[p.status] ?? "unknown",
    stdin: p.stdin,
    stdout: p.stdout,
    stderr: p.stderr,
    terminal: p.terminal,
    exitStatus: p.exitStatus,
    ...(exitedAt === undefined ? {} : { exitedAt }),
  };
}

/** Process to the wire. */
export function toProcess(p: TaskProcess): MessageInitShape<typeof ProcessSchema> {
  const exitedAt = toTimestampOrNone(p.exitedAt);
  return {
    containerId: p.containerId,
    id: p.id,
    pid: p.pid,
    status: statusToWire[p.status],
    stdin: p.stdin,
    stdout: p.stdout,
    stderr: p.stderr,
    terminal: p.terminal,
    exitStatus: p.exitStatus,
    ...(exitedAt === undefined ? {} : { exitedAt }),
  };
}

/** Plugin from the wire. */
export function fromPlugin(p: WirePlugin): PluginInfo {
  return {
    type: p.type,
    id: p.id,
    requires: p.requires,
    platforms: p.platforms.map(
      (f): Platform => ({
        os: f.os,
        architecture: f.architecture,
        ...(f.variant === "" ? {} : { variant: f.variant }),
      }),
    ),
    exports: p.exports,
    capabilities: p.capabilities,
    ...(p.initErr === undefined ? {} : { initError: p.initErr.message }),
  };
}

/** Plugin to the wire. */
export function toPlugin(p: PluginInfo): MessageInitShape<typeof PluginSchema> {
  return {
    type: p.type,
    id: p.id,
    requires: [...p.requires],
    platforms: p.platforms.map((f) => ({ os: f.os, architecture: f.architecture, variant: f.variant ?? "" })),
    exports: { ...p.exports },
    capabilities: [...p.capabilities],
    ...(p.initError === undefined ? {} : { initErr: { code: 2, message: p.initError } }),
  };
}
