/**
 * Links of the bridge driver: the bridge itself, and a container's namespace with its end of a veth pair.
 *
 * A namespace is made, joined to the bridge and configured by one launch program: the pair is created with its peer
 * already inside, so that no link ever moves between namespaces.
 *
 * @module
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Kernel, type Program, ProgramBuilder, run } from "@rt/containerd/kernel";
import {
  addressRequest,
  defaultRouteRequest,
  deleteLinkRequest,
  IFLA,
  ifinfo,
  linkIndex,
  linkRequest,
  nested,
  openNetlink,
  sendNetlink,
  text,
  u32,
} from "../../host/netlink.ts";

const INFO_KIND = 1;
const INFO_DATA = 2;
const VETH_PEER = 1;
const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const LOOPBACK_INDEX = 1;

/** Makes the bridge `name` with its address unless it is there, and sets it up. */
export async function ensureBridge(
  kernel: Kernel,
  name: string,
  address: string,
  prefixLength: number,
): Promise<void> {
  const p = new ProgramBuilder();
  const socket = openNetlink(p);
  const kind = nested(IFLA.linkinfo, [text(INFO_KIND, "bridge")]);
  const create = linkRequest([text(IFLA.ifname, name), kind], { create: true });
  sendNetlink(p, socket, create, `create bridge ${name}`, { tolerate: ["EEXIST"] });
  const index = linkIndex(p, socket, name);
  sendNetlink(
    p,
    socket,
    addressRequest(address, prefixLength),
    `give ${address}/${prefixLength} to ${name}`,
    {
      holes: { index },
      tolerate: ["EEXIST"],
    },
  );
  sendNetlink(p, socket, linkRequest([text(IFLA.ifname, name)], { up: true }), `set ${name} up`);
  p.exit(0);
  await run(kernel, p.build());
}

/** A container's end of the network. */
export interface EndpointLink {
  /** Where the namespace is bound; the file is made. */
  readonly path: string;
  /** Link of the host's end, at most 15 bytes. */
  readonly hostLink: string;
  readonly bridge: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly mac: string;
}

/** Makes a namespace at `link.path` with `eth0` on the bridge; on failure nothing is left of it. */
export async function createEndpoint(kernel: Kernel, link: EndpointLink): Promise<void> {
  const bridgeIndex = Number(readFileSync(`/sys/class/net/${link.bridge}/ifindex`, "utf8"));
  writeFileSync(link.path, "", { flag: "wx", mode: 0o600 });
  try {
    await run(kernel, endpointProgram(link, bridgeIndex));
  } catch (cause) {
    await deleteNamespace(kernel, link.path);
    await deleteLink(kernel, link.hostLink);
    throw cause;
  }
}

/** Unbinds the namespace at `path`; it goes when its last process has gone. */
export async function deleteNamespace(kernel: Kernel, path: string): Promise<void> {
  const p = new ProgramBuilder();
  const name = `unmount network namespace ${path}`;
  p.sys("umount2", [p.cstring(path), MNT_DETACH], { name, tolerate: ["EINVAL", "ENOENT"] });
  p.exit(0);
  await run(kernel, p.build());
  rmSync(path, { force: true });
}

/** Deletes a link of the host, and with it its peer; does nothing if there is none. */
export async function deleteLink(kernel: Kernel, name: string): Promise<void> {
  const p = new ProgramBuilder();
  const socket = openNetlink(p);
  sendNetlink(p, socket, deleteLinkRequest(name), `delete link ${name}`, { tolerate: ["ENODEV"] });
  p.exit(0);
  await run(kernel, p.build());
}

/** The containers' links (`veth` and seven hex digits) on `bridge`. */
export function linksOf(bridge: string): string[] {
  return readdirSync(`/sys/class/net/${bridge}/brif`).filter((name) => /^veth[0-9a-f]{7}$/.test(name));
}

function endpointProgram(link: EndpointLink, bridgeIndex: number): Program {
  const p = new ProgramBuilder();
  const host = openNetlink(p);
  p.sys("unshare", [CLONE_NEWNET], { name: "make network namespace" });
  const own = p.cstring("/proc/self/ns/net");
  const ns = p.sys("openat", [-100, own, 0o2000000], { name: "open network namespace" });
  p.sys("mount", [own, p.cstring(link.path), 0, MS_BIND, 0], {
    name: `bind network namespace at ${link.path}`,
  });
  const veth = vethRequest(link, bridgeIndex);
  sendNetlink(p, host, veth, `create veth pair ${link.hostLink}`, { holes: { ns } });
  const inside = openNetlink(p);
  sendNetlink(p, inside, linkRequest([], { index: LOOPBACK_INDEX, up: true }), "set lo up");
  const index = linkIndex(p, inside, "eth0");
  disableIpv6(p);
  const give = `give ${link.address}/${link.prefixLength} to eth0`;
  sendNetlink(p, inside, addressRequest(link.address, link.prefixLength), give, { holes: { index } });
  sendNetlink(p, inside, linkRequest([text(IFLA.ifname, "eth0")], { up: true }), "set eth0 up");
  sendNetlink(p, inside, defaultRouteRequest(link.gateway), `route by ${link.gateway}`);
  p.exit(0);
  return p.build();
}

/** The pair: our end up and on the bridge, the peer `eth0` in the namespace of the hole `ns`. */
function vethRequest(link: EndpointLink, bridgeIndex: number): ReturnType<typeof linkRequest> {
  const mac = Uint8Array.from(link.mac.split(":").map((b) => Number.parseInt(b, 16)));
  const peer = nested(
    VETH_PEER,
    [text(IFLA.ifname, "eth0"), { type: IFLA.address, bytes: mac }, { type: IFLA.netNsFd, hole: "ns" }],
    ifinfo(0),
  );
  const info = nested(IFLA.linkinfo, [text(INFO_KIND, "veth"), nested(INFO_DATA, [peer])]);
  return linkRequest([text(IFLA.ifname, link.hostLink), u32(IFLA.master, bridgeIndex), info], {
    create: true,
    up: true,
  });
}

/** Like Docker on networks without IPv6: none on eth0. */
function disableIpv6(p: ProgramBuilder): void {
  const file = p.cstring("/proc/sys/net/ipv6/conf/eth0/disable_ipv6");
  const absent = p.label();
  const fd = p.sys("openat", [-100, file, 0o2000001], {
    name: "open eth0/disable_ipv6",
    onErrno: { errnos: ["ENOENT"], goto: absent },
  });
  p.sys("write", [fd, p.cstring("1"), 1], { name: "write eth0/disable_ipv6" });
  p.place(absent);
}
