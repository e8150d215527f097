/**
 * From what a launch reported to the error that callers know.
 *
 * Source: texts of opencontainers/runc libcontainer/process_linux.go and os/exec, as dockerd and containerd match them.
 *
 * @module
 */
import { RtError, StartProcessError, SyscallError } from "../errors.ts";
import type { LaunchRecord } from "../host/kernel.ts";

/** Error texts of Go's syscall package for the errnos that callers read. */
const TEXT: Readonly<Record<string, string>> = {
  EPERM: "operation not permitted",
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  ENOTDIR: "not a directory",
  ENOEXEC: "exec format error",
  ELOOP: "too many levels of symbolic links",
  EINVAL: "invalid argument",
  ENODEV: "no such device",
  EBUSY: "device or resource busy",
  ENOMEM: "cannot allocate memory",
  EMFILE: "too many open files",
  E2BIG: "argument list too long",
  ENAMETOOLONG: "file name too long",
};

/** A failure of a step, and what a hook wrote. */
export interface Failure {
  readonly record: Extract<LaunchRecord, { kind: "failure" }>;
  readonly hook?: { readonly status: number; readonly output: string };
}

/** The error of a hook that the runtime ran outside of a container's init. */
export function hookError(failure: Failure): RtError {
  const { cause, message } = startError(failure);
  const text = message.slice(message.indexOf("error running hook"));
  return new RtError("FAILED_PRECONDITION", text, { cause });
}

/** The error for a failed step of a launch program. */
export function startError({ record, hook }: Failure): StartProcessError {
  const cause = new SyscallError(record.name, record.syscall, record.errno);
  if (hook !== undefined && record.name.endsWith("error running hook")) {
    const signal = hook.status & 0x7f;
    const how = signal === 0 ? `exit status ${(hook.status >> 8) & 0xff}` : `signal: ${signal}`;
    const text = `${record.name}: ${how}, stdout: , stderr: ${hook.output}`;
    return new StartProcessError("FAILED_PRECONDITION", `error during container init: ${text}`, cause);
  }
  const text = TEXT[cause.errnoName] ?? cause.errnoName;
  if (record.name.startsWith("exec: ") || record.name.startsWith("chdir to cwd")) {
    const whole = record.name.includes("not found in $PATH") ? record.name : `${record.name}: ${text}`;
    return new StartProcessError(cause.code, whole, cause);
  }
  const isHook = record.name.startsWith("error running hook");
  const isExec = record.name.includes(": fork/exec ");
  const reason = isHook ? (isExec ? `${record.name}: ${text}` : record.name) : cause.message;
  return new StartProcessError(cause.code, `error during container init: ${reason}`, cause);
}
