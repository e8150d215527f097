/**
 * System calls that 32-bit x86 reaches through `socketcall` and `ipc`, with the selector in argument 0.
 *
 * A rule for `socket` must hold for both ways in, or a 32-bit program walks around it.
 * Source: Linux include/uapi/linux/net.h `SYS_SOCKET`…, include/uapi/linux/ipc.h `SEMOP`…; libseccomp does the same.
 *
 * @module
 */

/** Selectors of `socketcall`, in order from 1. */
const SOCKETCALL: readonly string[] = (
  "socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown " +
  "setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg"
).split(" ");

/** Selectors of `ipc`. */
const IPC: readonly (readonly [name: string, selector: number])[] = [
  ["semop", 1],
  ["semget", 2],
  ["semctl", 3],
  ["semtimedop", 4],
  ["msgsnd", 11],
  ["msgrcv", 12],
  ["msgget", 13],
  ["msgctl", 14],
  ["shmat", 21],
  ["shmdt", 22],
  ["shmget", 23],
  ["shmctl", 24],
];

/** A way into a system call through another one. */
export interface Multiplexed {
  /** The call that carries it. */
  readonly carrier: "socketcall" | "ipc";
  /** Value of the carrier's argument 0. */
  readonly selector: number;
}

/** How 32-bit x86 can also reach a call, by the call's name. */
export const MULTIPLEXED_X86: ReadonlyMap<string, Multiplexed> = new Map([
  ...SOCKETCALL.map((name, i): [string, Multiplexed] => [name, { carrier: "socketcall", selector: i + 1 }]),
  ...IPC.map(([name, selector]): [string, Multiplexed] => [name, { carrier: "ipc", selector }]),
]);
