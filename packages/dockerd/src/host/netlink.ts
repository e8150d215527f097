/**
 * Routing netlink: the bytes of requests, and the steps of a launch program that send them and check the answers.
 *
 * | offset | size | struct nlmsghdr |
 * |---|---|---|
 * | 0 | 4 | length of the whole message |
 * | 4 | 2 | type, `RTM_*` |
 * | 6 | 2 | flags, `NLM_F_*` |
 * | 8 | 4 | sequence |
 * | 12 | 4 | port id, 0 |
 *
 * Source: rtnetlink(7), netlink(7); linux/rtnetlink.h, linux/if_link.h, linux/veth.h.
 *
 * @module
 */
import type { ErrnoName, Operand, ProgramBuilder, Result } from "@rt/containerd/kernel";
import { ERRNO } from "@rt/containerd/kernel";

/** Message types. */
export const RTM = { newLink: 16, delLink: 17, newAddr: 20, newRoute: 24 } as const;

/** Link attributes. */
export const IFLA = { address: 1, ifname: 3, mtu: 4, master: 10, linkinfo: 18, netNsFd: 28 } as const;

/** `struct ifinfomsg` flags. */
export const IFF_UP = 1;

const REQUEST = 1;
const ACK = 4;
const EXCL = 0x200;
const CREATE = 0x400;
const HEADER = 16;
const AF_INET = 2;

/** A request: its bytes, and where a number that is known only at run time must be stored. */
export interface NetlinkRequest {
  readonly bytes: Uint8Array;
  /** Offsets of 4-byte fields by name. */
  readonly holes: ReadonlyMap<string, number>;
}

/** An attribute: type and payload; a `hole` is a 4-byte payload that the program stores. */
export type Attribute =
  | { readonly type: number; readonly bytes: Uint8Array }
  | { readonly type: number; readonly hole: string }
  | { readonly type: number; readonly prefix?: Uint8Array; readonly nested: readonly Attribute[] };

/** `type` with a NUL-terminated string. */
export function text(type: number, value: string): Attribute {
  return { type, bytes: new TextEncoder().encode(`${value}\0`) };
}

/** `type` with a 32-bit number. */
export function u32(type: number, value: number): Attribute {
  return { type, bytes: new Uint8Array(new Uint32Array([value]).buffer) };
}

/** `type` with other attributes inside, behind `prefix`. */
export function nested(type: number, attributes: readonly Attribute[], prefix?: Uint8Array): Attribute {
  return prefix === undefined ? { type, nested: attributes } : { type, nested: attributes, prefix };
}

/** `struct ifinfomsg`: index 0 means "by name", 16 bytes. */
export function ifinfo(index: number, flags = 0, change = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return new Uint8Array(view.buffer);
}

/** Bytes of a dotted IPv4 address. */
export function ipv4(address: string): Uint8Array {
  return Uint8Array.from(address.split(".").map(Number));
}

/** Makes or changes a link. */
export function linkRequest(
  attributes: readonly Attribute[],
  options: { readonly index?: number; readonly up?: boolean; readonly create?: boolean } = {},
): NetlinkRequest {
  const flags = options.up === true ? IFF_UP : 0;
  const body = ifinfo(options.index ?? 0, flags, flags);
  return message(RTM.newLink, options.create === true ? CREATE | EXCL : 0, body, attributes);
}

/** Deletes the link `name`. */
export function deleteLinkRequest(name: string): NetlinkRequest {
  return message(RTM.delLink, 0, ifinfo(0), [text(IFLA.ifname, name)]);
}

/** Gives an address to the link whose index is stored in the hole `index`. */
export function addressRequest(address: string, prefixLength: number): NetlinkRequest {
  const body = Uint8Array.of(AF_INET, prefixLength, 0, 0, 0, 0, 0, 0);
  const local = { type: 2, bytes: ipv4(address) };
  const request = message(RTM.newAddr, CREATE | EXCL, body, [local, { type: 1, bytes: ipv4(address) }]);
  return { bytes: request.bytes, holes: new Map([["index", HEADER + 4]]) };
}

/** A default route by `gateway`. */
export function defaultRouteRequest(gateway: string): NetlinkRequest {
  const [table, boot, universe, unicast] = [254, 3, 0, 1];
  const body = Uint8Array.of(AF_INET, 0, 0, 0, table, boot, universe, unicast, 0, 0, 0, 0);
  return message(RTM.newRoute, CREATE | EXCL, body, [{ type: 5, bytes: ipv4(gateway) }]);
}

/** The bytes of one message: header, body, attributes. Lengths and payloads are padded to 4 bytes. */
export function message(
  type: number,
  flags: number,
  body: Uint8Array,
  attributes: readonly Attribute[],
): NetlinkRequest {
  const holes = new Map<string, number>();
  const bytes: number[] = [...new Uint8Array(HEADER), ...body];
  for (const a of attributes) append(bytes, a, holes);
  const whole = Uint8Array.from(bytes);
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, REQUEST | ACK | flags, true);
  view.setUint32(8, 1, true);
  return { bytes: whole, holes };
}

function append(bytes: number[], attribute: Attribute, holes: Map<string, number>): void {
  const start = bytes.length;
  bytes.push(0, 0, attribute.type & 0xff, attribute.type >> 8);
  if ("bytes" in attribute) bytes.push(...attribute.bytes);
  else if ("hole" in attribute) {
    holes.set(attribute.hole, bytes.length);
    bytes.push(0, 0, 0, 0);
  } else {
    bytes.push(...(attribute.prefix ?? []));
    for (const inner of attribute.nested) append(bytes, inner, holes);
  }
  const length = bytes.length - start;
  bytes[start] = length & 0xff;
  bytes[start + 1] = length >> 8;
  while (bytes.length % 4 !== 0) bytes.push(0);
}

/** Steps that open a routing netlink socket in the namespace that the process is in; the result is its fd. */
export function openNetlink(p: ProgramBuilder): Result {
  const [AF_NETLINK, SOCK_RAW, SOCK_CLOEXEC] = [16, 3, 0o2000000];
  return p.sys("socket", [AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0], { name: "open routing netlink socket" });
}

/** What a request needs at run time. */
export interface SendOptions {
  /** Values of the holes. */
  readonly holes?: Readonly<Record<string, Operand>>;
  /** Errnos of the answer that are no failure. */
  readonly tolerate?: readonly ErrnoName[];
}

/** Steps that send `request` on `socket` and fail with the kernel's answer, as the step `name`. */
export function sendNetlink(
  p: ProgramBuilder,
  socket: Operand,
  request: NetlinkRequest,
  name: string,
  options: SendOptions = {},
): void {
  const data = p.bytes(request.bytes);
  for (const [hole, value] of Object.entries(options.holes ?? {})) {
    const offset = request.holes.get(hole);
    if (offset === undefined) throw new TypeError(`netlink request has no hole ${hole}`);
    p.store("u32", data, offset, value);
  }
  const answer = p.bss(512);
  p.sys("sendto", [socket, data, request.bytes.length, 0, 0, 0], { name });
  p.sys("recvfrom", [socket, answer, 512, 0, 0, 0], { name });
  const error = p.load("i32", answer, HEADER);
  const done = p.label();
  p.branch("ge", error, 0, done);
  for (const errno of options.tolerate ?? []) p.branch("eq", error, -ERRNO[errno], done);
  p.fail(name, p.arith("sub", 0, error));
  p.place(done);
}

/** Steps that look up the index of the link `name` in the namespace of `socket`; the result is the index. */
export function linkIndex(p: ProgramBuilder, socket: Operand, name: string): Result {
  const SIOCGIFINDEX = 0x8933;
  const request = p.struct(40).data;
  p.copy(request, p.cstring(name), Buffer.byteLength(name));
  p.sys("ioctl", [socket, SIOCGIFINDEX, request], { name: `find link ${name}` });
  return p.load("u32", request, 16);
}
