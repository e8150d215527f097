/**
 * The port proxy as a launch program: accepts connections on a port of the host and carries them to a container.
 *
 * A few kilobytes of interpreter instead of an engine per port. One process listens; per connection there is one for
 * each direction, which splices through a pipe and passes the half close on.
 *
 * @module
 */
import { isIPv6 } from "node:net";
import { type Operand, type Program, ProgramBuilder, type Result } from "@rt/containerd/kernel";

/** What a TCP proxy joins. */
export interface ProxyAddresses {
  /** Address of the host to listen on, IPv4 or IPv6. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** IPv4 address of the container. */
  readonly containerIp: string;
  readonly containerPort: number;
}

/** Tag of the value that says that the port is being listened on. */
export const LISTENING = 1;

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
const CHUNK = 1 << 16;

/** The proxy's program. It runs until it is killed, or its parent dies. */
export function proxyProgram(addresses: ProxyAddresses): Program {
  const p = new ProgramBuilder();
  const [PR_SET_PDEATHSIG, PR_SET_NAME, SIGKILL, SIGCHLD, SIGPIPE] = [1, 15, 9, 17, 13];
  p.sys("prctl", [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0], { name: "die with the parent" });
  p.sys("prctl", [PR_SET_NAME, p.cstring("rt-docker-proxy"), 0, 0, 0], { name: "set process name" });
  const ignore = p.struct(32).u64(0, 1).data;
  for (const signal of [SIGCHLD, SIGPIPE])
    p.sys("rt_sigaction", [signal, ignore, 0, 8], { name: `ignore signal ${signal}` });
  const listener = listen(p, addresses);
  p.value(LISTENING, 1);
  p.loop((_leave, again) => {
    const connection = p.sys("accept4", [listener, 0, 0, 0o2000000], {
      name: "accept connection",
      onErrno: { errnos: ["EINTR", "ECONNABORTED", "EMFILE", "ENFILE"], goto: again },
    });
    p.fork(
      () => {
        p.sys("close", [listener], { name: "close listener" });
        carry(p, connection, addresses);
      },
      { name: "start connection process", onError: "ignore" },
    );
    p.sys("close", [connection], { name: "close connection" });
  });
  return p.build();
}

function listen(p: ProgramBuilder, { hostIp, hostPort }: ProxyAddresses): Result {
  const v6 = isIPv6(hostIp);
  const [SOL_SOCKET, SO_REUSEADDR, IPPROTO_IPV6, IPV6_V6ONLY] = [1, 2, 41, 26];
  const socket = p.sys("socket", [v6 ? AF_INET6 : AF_INET, SOCK_STREAM_CLOEXEC, 0], {
    name: "make listener",
  });
  const one = p.struct(8).u32(0, 1).data;
  p.sys("setsockopt", [socket, SOL_SOCKET, SO_REUSEADDR, one, 4], { name: "set SO_REUSEADDR" });
  if (v6) p.sys("setsockopt", [socket, IPPROTO_IPV6, IPV6_V6ONLY, one, 4], { name: "set IPV6_V6ONLY" });
  const address = socketAddress(hostIp, hostPort);
  p.sys("bind", [socket, p.bytes(address), address.length], { name: "bind" });
  p.sys("listen", [socket, 1024], { name: "listen" });
  return socket;
}

/** In the process of one connection: joins it to the container; one more process carries the answers. */
function carry(p: ProgramBuilder, client: Result, { containerIp, containerPort }: ProxyAddresses): void {
  const gone = p.label();
  const server = p.sys("socket", [AF_INET, SOCK_STREAM_CLOEXEC, 0], { name: "make connection" });
  const address = socketAddress(containerIp, containerPort);
  p.sys("connect", [server, p.bytes(address), address.length], {
    name: "connect to container",
    onError: gone,
  });
  p.fork(() => carryOneWay(p, server, client), { name: "start answer process", onError: gone });
  carryOneWay(p, client, server);
  p.place(gone);
  p.exit(0);
}

/** Copies until the end of `from`, then half-closes `to`; an error ends both directions. */
function carryOneWay(p: ProgramBuilder, from: Operand, to: Operand): void {
  const [SPLICE_F_MOVE, O_CLOEXEC] = [1, 0o2000000];
  const failed = p.label();
  const done = p.label();
  const ends = p.bss(8);
  p.sys("pipe2", [ends, O_CLOEXEC], { name: "make pipe", onError: failed });
  const read = p.load("u32", ends, 0);
  const write = p.load("u32", ends, 4);
  p.loop((leave) => {
    const got = p.sys("splice", [from, 0, write, 0, CHUNK, SPLICE_F_MOVE], {
      name: "receive",
      onError: failed,
    });
    p.branch("eq", got, 0, leave);
    const left = p.slot();
    p.mov(left, got);
    p.loop((sentAll) => {
      const sent = p.sys("splice", [read, 0, to, 0, left, SPLICE_F_MOVE], { name: "send", onError: failed });
      p.arith("sub", left, sent, { into: left });
      p.branch("le", left, 0, sentAll);
    });
  });
  p.sys("shutdown", [to, SHUT_WR], { name: "half-close", onError: "ignore" });
  p.jump(done);
  p.place(failed);
  p.sys("shutdown", [to, SHUT_RDWR], { name: "close", onError: "ignore" });
  p.sys("shutdown", [from, SHUT_RDWR], { name: "close", onError: "ignore" });
  p.place(done);
  p.exit(0);
}

/** `struct sockaddr_in` or `sockaddr_in6`. */
export function socketAddress(address: string, port: number): Uint8Array {
  if (isIPv6(address)) {
    if (address !== "::" && address !== "::1")
      throw new RangeError(`cannot listen on ${address}: only :: and ::1`);
    const bytes = new Uint8Array(28);
    bytes.set([AF_INET6, 0, port >> 8, port & 0xff]);
    if (address === "::1") bytes[23] = 1;
    return bytes;
  }
  const bytes = new Uint8Array(16);
  bytes.set([AF_INET, 0, port >> 8, port & 0xff, ...address.split(".").map(Number)]);
  return bytes;
}
