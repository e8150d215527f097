/**
 * Flags of seccomp(2) SECCOMP_SET_MODE_FILTER and their names in config.json.
 *
 * Source: Linux include/uapi/linux/seccomp.h; opencontainers/runc libcontainer/seccomp/config.go.
 *
 * @module
 */
import { SeccompProfileError } from "./profile_error.ts";

/** Bits of the flags argument of seccomp(2). */
export const SECCOMP_FILTER_FLAGS = {
  tsync: 1,
  log: 2,
  specAllow: 4,
  newListener: 8,
  waitKillableRecv: 32,
} as const;

/** Flag names that are accepted, in runc's order (`runc features`). */
export const SECCOMP_FLAG_NAMES: readonly string[] = [
  "SECCOMP_FILTER_FLAG_TSYNC",
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
  "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
];

/**
 * The bits of the named flags. TSYNC is accepted and not set: the process that loads the filter has one thread.
 *
 * @throws {SeccompProfileError} `INVALID_ARGUMENT` for a name that is not known.
 */
export function seccompFlags(names: readonly string[]): number {
  let bits = 0;
  for (const name of names) {
    switch (name) {
      case "SECCOMP_FILTER_FLAG_TSYNC":
        break;
      case "SECCOMP_FILTER_FLAG_LOG":
        bits |= SECCOMP_FILTER_FLAGS.log;
        break;
      case "SECCOMP_FILTER_FLAG_SPEC_ALLOW":
        bits |= SECCOMP_FILTER_FLAGS.specAllow;
        break;
      case "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV":
        bits |= SECCOMP_FILTER_FLAGS.waitKillableRecv;
        break;
      default:
        throw new SeccompProfileError(`seccomp flag ${name} is not known to runc`);
    }
  }
  return bits;
}
