/**
 * The terminal of a container process: a pseudoterminal of the container's own devpts.
 *
 * The master goes to whoever asked for it; the slave becomes fds 0 to 2 and the controlling terminal, and for an init
 * process also /dev/console. Nothing is looked up by a name that the container could change: the slave comes from the
 * master by TIOCGPTPEER. Source: pts(4), ioctl_tty(2); opencontainers/runc libcontainer/init_linux.go `setupConsole`;
 * the message on the socket: containerd/console `SendFd` (one descriptor, its name as data).
 *
 * @module
 */
import type { Box } from "@rt/oci-spec/oci";
import type { ConsoleTarget, ParentMode } from "../api/oci_runtime.ts";
import { AT, AT_FDCWD, IOCTL, MOUNT, O } from "../init/linux.ts";
import { ERRNO } from "../launch/errno.ts";
import type { Operand, ProgramBuilder, Slot } from "../launch/program.ts";
import type { ConsoleRelayOptions } from "../launch/relay_program.ts";
import { attach } from "../rootfs/mount.ts";
import { ensureTarget, openInRoot } from "../rootfs/target.ts";
import { emitRelay, type Relay } from "./relay.ts";

const DEVPTS_SUPER_MAGIC = 0x1cd1;

/** Both ends of a terminal. */
export interface Terminal {
  readonly master: Slot;
  readonly slave: Slot;
}

/** Emits: connect to the unix socket at `path`; the result is the descriptor. Before the host's paths are gone. */
export function emitConnect(p: ProgramBuilder, path: string): Slot {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > 107) throw new RangeError(`console socket path too long: ${path}`);
  const address = new Uint8Array(110);
  address[0] = 1;
  address.set(bytes, 2);
  const socket = p.slot();
  const name = `connect to console socket ${path}`;
  p.sys("socket", [1, 1 | O.cloexec, 0], { into: socket, name });
  p.sys("connect", [socket, p.bytes(address), 2 + bytes.length + 1], { name });
  return socket;
}

/** Emits the opening of a new terminal in the devpts below `root`. */
export function emitOpenTerminal(p: ProgramBuilder, root: Operand, size: Box | undefined): Terminal {
  const name = "open terminal";
  const master = p.slot();
  const slave = p.slot();
  openInRoot(p, { root, path: "/dev/pts/ptmx", flags: O.rdwr | O.noctty, noSymlinks: true, name }, master);
  const statfs = p.bss(120);
  p.sys("fstatfs", [master, statfs], { name });
  const type = p.load("u64", statfs);
  p.when("ne", type, DEVPTS_SUPER_MAGIC, () => p.fail(`${name}: /dev/pts is not a devpts`, ERRNO.ENOTTY));
  const zero = p.bss(8);
  p.sys("ioctl", [master, IOCTL.tiocsptlck, zero], { name: "unlock terminal" });
  p.sys("ioctl", [master, IOCTL.tiocgptpeer, O.rdwr | O.noctty | O.cloexec], { into: slave, name });
  if (size !== undefined && (size.height > 0 || size.width > 0)) {
    const winsize = p.struct(8).u16(0, size.height).u16(2, size.width);
    p.sys("ioctl", [master, IOCTL.tiocswinsz, winsize.data], { name: "size terminal" });
  }
  return { master, slave };
}

/** Emits: bind the slave on /dev/console below `root`. */
export function emitConsoleDevice(p: ProgramBuilder, root: Operand, slave: Operand): void {
  const name = "mount /dev/console";
  const tree = p.sys("open_tree", [slave, p.cstring(""), MOUNT.openTreeClone | O.cloexec | AT.emptyPath], {
    name,
  });
  const target = ensureTarget(p, { root, path: "/dev/console", noSymlinks: true, name }, "file");
  attach(p, tree, target, name);
  p.sys("close", [target]);
  p.sys("close", [tree]);
}

/** Emits: send `master` over `socket`, named by its path; both are closed. */
export function emitSendMaster(p: ProgramBuilder, socket: Operand, master: Operand): void {
  const name = "send terminal over console socket";
  const number = p.bss(8);
  p.sys("ioctl", [master, IOCTL.tiocgptn, number], { name });
  const prefix = "/dev/pts/";
  const text = p.struct(40);
  for (const [i, letter] of [...prefix].entries()) text.u8(i, letter.charCodeAt(0));
  const digits = p.formatDecimal(p.load("u32", number), text.data.at(prefix.length));
  const control = p.struct(24).u64(0, 20).u32(8, 1).u32(12, 1);
  p.store("u32", control.data, 16, master);
  const iov = p.struct(16).pointer(0, text.data);
  p.store("u64", iov.data, 8, p.arith("add", digits, prefix.length));
  const message = p.struct(56).pointer(16, iov.data).u64(24, 1).pointer(32, control.data).u64(40, 24);
  p.sys("sendmsg", [socket, message.data, 0], { name });
  p.sys("close", [socket]);
  p.sys("close", [master]);
}

/** Emits: make `slave` the controlling terminal and fds 0 to 2; the process must lead a session. */
export function emitAttachTerminal(p: ProgramBuilder, slave: Operand): void {
  const name = "attach terminal";
  p.sys("ioctl", [slave, IOCTL.tiocsctty, 0], { name });
  for (const fd of [0, 1, 2]) p.sys("dup3", [slave, fd, 0], { name });
  p.sys("close", [slave]);
}

/** Emits the relay that a console of kind `relay` or `own` asks for. */
export function emitConsoleRelay(
  p: ProgramBuilder,
  target: ConsoleTarget | undefined,
  mode: ParentMode,
): Relay | undefined {
  if (target === undefined || target.kind === "socket") return undefined;
  const tty = "/dev/tty";
  const options =
    target.kind === "own" ? { stdin: tty, stdout: tty, ...controlOf(target.control) } : withoutKind(target);
  return emitRelay(p, options, mode === "sibling");
}

function controlOf(control: string | undefined): { control?: string } {
  return control === undefined ? {} : { control };
}

function withoutKind({
  kind: _,
  ...options
}: Extract<ConsoleTarget, { kind: "relay" }>): ConsoleRelayOptions {
  return options;
}

/** Root of the calling process as a descriptor, for {@linkcode emitOpenTerminal} in a joined mount namespace. */
export function emitOpenRoot(p: ProgramBuilder): Slot {
  const root = p.slot();
  p.sys("openat", [AT_FDCWD, p.cstring("/"), O.path | O.directory | O.cloexec], {
    into: root,
    name: "open root",
  });
  return root;
}
