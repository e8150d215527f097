/**
 * Records that several services share, from and to their wire messages.
 *
 * @module
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, AnySchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Descriptor } from "../../oci.ts";
import type { TypedAny } from "../call.ts";
import type { Envelope } from "../events.ts";
import type {
  DescriptorSchema,
  Descriptor as WireDescriptor,
} from "../gen/containerd/types/descriptor_pb.ts";
import type { EnvelopeSchema, Envelope as WireEnvelope } from "../gen/containerd/types/event_pb.ts";
import type { MountSchema, Mount as WireMount } from "../gen/containerd/types/mount_pb.ts";
import type { Mount } from "../mount.ts";

/** Time of a wire time stamp; undefined for none and for Go's zero time. */
export function fromTimestamp(ts: Timestamp | undefined): Date | undefined {
  if (ts === undefined) return undefined;
  const ms = Number(ts.seconds) * 1000 + Math.floor(ts.nanos / 1e6);
  return ms <= -62_135_596_800_000 ? undefined : new Date(ms);
}

/** As {@linkcode fromTimestamp}, with the epoch for none. */
export function dateOf(ts: Timestamp | undefined): Date {
  return fromTimestamp(ts) ?? new Date(0);
}

/** Wire time stamp of a time. */
export function toTimestamp(date: Date): Timestamp {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return create(TimestampSchema, {
    seconds: BigInt(seconds),
    nanos: Math.round((ms - seconds * 1000) * 1e6),
  });
}

/** Optional wire time stamp. */
export function toTimestampOrNone(date: Date | undefined): Timestamp | undefined {
  return date === undefined ? undefined : toTimestamp(date);
}

const googlePrefix = "type.googleapis.com/";

/** Record of a wire Any; the type's name loses a `type.googleapis.com/` in front. */
export function fromAny(any: Any): TypedAny {
  const typeUrl = any.typeUrl.startsWith(googlePrefix) ? any.typeUrl.slice(googlePrefix.length) : any.typeUrl;
  return { typeUrl, value: any.value };
}

/** Wire Any of a record. */
export function toAny(any: TypedAny): Any {
  return create(AnySchema, { typeUrl: any.typeUrl, value: any.value as Uint8Array<ArrayBuffer> });
}

/** Map of Anys from the wire. */
export function fromAnyMap(map: Record<string, Any>): Record<string, TypedAny> {
  return Object.fromEntries(Object.entries(map).map(([k, v]) => [k, fromAny(v)]));
}

/** Map of Anys to the wire. */
export function toAnyMap(map: Readonly<Record<string, TypedAny>> | undefined): Record<string, Any> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([k, v]) => [k, toAny(v)]));
}

/** Mount from the wire. */
export function fromMount(m: WireMount): Mount {
  return {
    type: m.type,
    source: m.source,
    options: m.options,
    ...(m.target === "" ? {} : { target: m.target }),
  };
}

/** Mount to the wire. */
export function toMount(m: Mount): MessageInitShape<typeof MountSchema> {
  return { type: m.type, source: m.source, target: m.target ?? "", options: [...m.options] };
}

/** Descriptor from the wire; an absent one is empty. */
export function fromDescriptor(d: WireDescriptor | undefined): Descriptor {
  return {
    mediaType: d?.mediaType ?? "",
    digest: d?.digest ?? "",
    size: Number(d?.size ?? 0n),
    ...(d !== undefined && Object.keys(d.annotations).length > 0 ? { annotations: d.annotations } : {}),
  } as Descriptor;
}

/** Descriptor to the wire. */
export function toDescriptor(d: Descriptor): MessageInitShape<typeof DescriptorSchema> {
  return {
    mediaType: d.mediaType,
    digest: d.digest,
    size: BigInt(d.size),
    annotations: { ...(d.annotations ?? {}) },
  };
}

/** Envelope from the wire. */
export function fromEnvelope(e: WireEnvelope): Envelope {
  return {
    timestamp: dateOf(e.timestamp),
    namespace: e.namespace,
    topic: e.topic,
    event: e.event === undefined ? { typeUrl: "", value: new Uint8Array() } : fromAny(e.event),
  };
}

/** Envelope to the wire. */
export function toEnvelope(e: Envelope): MessageInitShape<typeof EnvelopeSchema> {
  return {
    timestamp: toTimestamp(e.timestamp),
    namespace: e.namespace,
    topic: e.topic,
    event: toAny(e.event),
  };
}

/** Field mask of paths; none for undefined. */
export function toFieldMask(paths: readonly string[] | undefined): { paths: string[] } | undefined {
  return paths === undefined ? undefined : { paths: [...paths] };
}

/** Paths of a field mask; undefined for none or an empty one, both of which mean all fields. */
export function fromFieldMask(mask: { paths: string[] } | undefined): readonly string[] | undefined {
  return mask === undefined || mask.paths.length === 0 ? undefined : mask.paths;
}
