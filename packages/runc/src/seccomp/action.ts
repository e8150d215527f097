/**
 * Seccomp actions: OCI names and the verdict words the kernel knows.
 *
 * Source: Linux include/uapi/linux/seccomp.h `SECCOMP_RET_*`; runtime-spec config-linux.md "Seccomp"; defaults of the
 * errno as in opencontainers/runc libcontainer/seccomp/seccomp_linux.go.
 *
 * @module
 */
import { SeccompProfileError } from "./profile_error.ts";

const EPERM = 1;

/** Verdict words without their data, by OCI action name. `SCMP_ACT_KILL` is `SCMP_ACT_KILL_THREAD`. */
export const SECCOMP_ACTIONS = {
  SCMP_ACT_KILL: 0x0000_0000,
  SCMP_ACT_KILL_THREAD: 0x0000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_NOTIFY: 0x7fc0_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
} as const;

/** Name of a seccomp action in config.json. */
export type SeccompActionName = keyof typeof SECCOMP_ACTIONS;

/** What a filter answers for an architecture it does not know: the calling thread is killed (libseccomp's default). */
export const BAD_ARCH_VERDICT: number = SECCOMP_ACTIONS.SCMP_ACT_KILL_THREAD;

/** Verdict for system calls that the profile's author could not know of: ENOSYS. */
export const ENOSYS_VERDICT: number = SECCOMP_ACTIONS.SCMP_ACT_ERRNO | 38;

/** Whether `name` is an action of the specification. */
export function isSeccompAction(name: string): name is SeccompActionName {
  return Object.hasOwn(SECCOMP_ACTIONS, name);
}

/**
 * The verdict word of an action.
 *
 * @param errnoRet Error number for `SCMP_ACT_ERRNO`, message for `SCMP_ACT_TRACE`; 16 bits are kept. @default {EPERM}
 * @throws {SeccompProfileError} `INVALID_ARGUMENT` if the action does not exist.
 */
export function seccompVerdict(action: string, errnoRet?: number): number {
  if (!isSeccompAction(action)) {
    throw new SeccompProfileError(`string ${action} is not a valid action for seccomp`);
  }
  const word = SECCOMP_ACTIONS[action];
  if (action !== "SCMP_ACT_ERRNO" && action !== "SCMP_ACT_TRACE") return word;
  return (word | ((errnoRet ?? EPERM) & 0xffff)) >>> 0;
}

/** Whether the action lets unknown system calls through, so that no ENOSYS stub is wanted. */
export function isPermissive(action: string): boolean {
  return action === "SCMP_ACT_ALLOW" || action === "SCMP_ACT_LOG" || action === "SCMP_ACT_TRACE";
}
