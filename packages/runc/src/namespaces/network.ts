/**
 * The loopback device of a new network namespace.
 *
 * Source: netdevice(7), SIOCSIFFLAGS.
 *
 * @module
 */
import { IOCTL, O } from "../init/linux.ts";
import type { ProgramBuilder } from "../launch/program.ts";

const [AF_INET, SOCK_DGRAM, IFF_UP] = [2, 2, 1];

/** Emits: bring `lo` up. */
export function emitLoopback(p: ProgramBuilder): void {
  const name = "bring up loopback";
  const request = p.struct(40).u8(0, 0x6c).u8(1, 0x6f).u16(16, IFF_UP);
  const socket = p.sys("socket", [AF_INET, SOCK_DGRAM | O.cloexec, 0], { name });
  p.sys("ioctl", [socket, IOCTL.siocsifflags, request.data], { name });
  p.sys("close", [socket]);
}
