/**
 * The two messages of ttrpc itself: what request and response frames carry.
 *
 * | `ttrpc.Request` | 1 service · 2 method · 3 payload bytes · 4 timeout_nano int64 · 5 metadata {1 key · 2 value}… |
 * |---|---|
 * | `ttrpc.Response` | 1 status · 2 payload bytes |
 * | `google.rpc.Status` | 1 code int32 · 2 message · 3 details (`Any` {1 type_url · 2 value})… |
 *
 * Written by hand over protobuf-es' wire reader, because every call passes here twice.
 * Source: containerd/ttrpc request.proto; googleapis google/rpc/status.proto.
 *
 * @module
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A metadata entry; a key may occur several times. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** What opens a call. */
export interface RequestMessage {
  readonly service: string;
  readonly method: string;
  readonly payload: Uint8Array;
  /** Remaining time; 0 is none. Nanoseconds. */
  readonly timeoutNanos: bigint;
  readonly metadata: readonly KeyValue[];
}

/** A detail of a status: a typed value. */
export interface StatusDetail {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** Result of a call. */
export interface Status {
  /** gRPC code; 0 is success. */
  readonly code: number;
  readonly message: string;
  readonly details: readonly StatusDetail[];
}

/** What ends a call. */
export interface ResponseMessage {
  /** Undefined is success. */
  readonly status: Status | undefined;
  readonly payload: Uint8Array;
}

const none = new Uint8Array(0);

/** Reads the fields of `bytes`; `field` consumes a value and says true, else it is skipped. */
function readFields(
  bytes: Uint8Array,
  field: (no: number, wire: WireType, r: BinaryReader) => boolean,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [no, wire] = reader.tag();
    if (!field(no, wire, reader)) reader.skip(wire, no);
  }
}

const isBytes = (wire: WireType): boolean => wire === WireType.LengthDelimited;

/** Reads a message of two text or bytes fields, numbered 1 and 2. */
function readPair(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const pair: [Uint8Array, Uint8Array] = [none, none];
  readFields(bytes, (no, wire, r) => {
    if (!isBytes(wire) || (no !== 1 && no !== 2)) return false;
    pair[no - 1] = r.bytes();
    return true;
  });
  return pair;
}

const decoder = (): TextDecoder => new TextDecoder("utf-8", { fatal: true });

/** Encodes the data of a request frame. */
export function encodeRequest(request: RequestMessage): Uint8Array {
  const w = new BinaryWriter();
  if (request.service !== "") w.tag(1, WireType.LengthDelimited).string(request.service);
  if (request.method !== "") w.tag(2, WireType.LengthDelimited).string(request.method);
  if (request.payload.length > 0) w.tag(3, WireType.LengthDelimited).bytes(request.payload);
  if (request.timeoutNanos !== 0n) w.tag(4, WireType.Varint).int64(request.timeoutNanos);
  for (const { key, value } of request.metadata) {
    w.tag(5, WireType.LengthDelimited).fork();
    if (key !== "") w.tag(1, WireType.LengthDelimited).string(key);
    if (value !== "") w.tag(2, WireType.LengthDelimited).string(value);
    w.join();
  }
  return w.finish();
}

/**
 * Decodes the data of a request frame.
 *
 * @throws {Error} if the bytes are no such message.
 */
export function decodeRequest(bytes: Uint8Array): RequestMessage {
  let service = "";
  let method = "";
  let payload: Uint8Array = none;
  let timeoutNanos = 0n;
  const metadata: KeyValue[] = [];
  readFields(bytes, (no, wire, r) => {
    if (no === 4 && wire === WireType.Varint) {
      timeoutNanos = BigInt(r.int64());
      return true;
    }
    if (!isBytes(wire)) return false;
    if (no === 1) service = r.string();
    else if (no === 2) method = r.string();
    else if (no === 3) payload = r.bytes();
    else if (no === 5) {
      const [key, value] = readPair(r.bytes());
      metadata.push({ key: decoder().decode(key), value: decoder().decode(value) });
    } else return false;
    return true;
  });
  return { service, method, payload, timeoutNanos, metadata };
}

/** Encodes the data of a response frame. */
export function encodeResponse(response: ResponseMessage): Uint8Array {
  const w = new BinaryWriter();
  const { status } = response;
  if (status !== undefined) {
    w.tag(1, WireType.LengthDelimited).fork();
    if (status.code !== 0) w.tag(1, WireType.Varint).int32(status.code);
    if (status.message !== "") w.tag(2, WireType.LengthDelimited).string(status.message);
    for (const detail of status.details) {
      w.tag(3, WireType.LengthDelimited).fork();
      if (detail.typeUrl !== "") w.tag(1, WireType.LengthDelimited).string(detail.typeUrl);
      if (detail.value.length > 0) w.tag(2, WireType.LengthDelimited).bytes(detail.value);
      w.join();
    }
    w.join();
  }
  if (response.payload.length > 0) w.tag(2, WireType.LengthDelimited).bytes(response.payload);
  return w.finish();
}

/**
 * Decodes the data of a response frame.
 *
 * @throws {Error} if the bytes are no such message.
 */
export function decodeResponse(bytes: Uint8Array): ResponseMessage {
  let status: Status | undefined;
  let payload: Uint8Array = none;
  readFields(bytes, (no, wire, r) => {
    if (!isBytes(wire)) return false;
    if (no === 1) status = decodeStatus(r.bytes());
    else if (no === 2) payload = r.bytes();
    else return false;
    return true;
  });
  return { status, payload };
}

/** Decodes a `google.rpc.Status`. @throws {Error} if the bytes are no such message. */
export function decodeStatus(bytes: Uint8Array): Status {
  let code = 0;
  let message = "";
  const details: StatusDetail[] = [];
  readFields(bytes, (no, wire, r) => {
    if (no === 1 && wire === WireType.Varint) code = r.int32();
    else if (no === 2 && isBytes(wire)) message = r.string();
    else if (no === 3 && isBytes(wire)) {
      const [typeUrl, value] = readPair(r.bytes());
      details.push({ typeUrl: decoder().decode(typeUrl), value });
    } else return false;
    return true;
  });
  return { code, message, details };
}
