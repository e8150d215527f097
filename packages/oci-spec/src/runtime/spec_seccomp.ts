/**
 * Types of config.json: `linux.seccomp`, the system call filter.
 *
 * Source: runtime-spec 1.3.0 `config-linux.md` section "Seccomp", `specs-go/config.go`.
 *
 * @module
 */
import type { Uint64 } from "./spec.ts";

/** The `linux.seccomp` object. */
export interface Seccomp {
  /** What happens to calls that no rule matches. */
  defaultAction: SeccompAction;
  /** errno of a default action ERRNO or TRACE. @default EPERM */
  defaultErrnoRet?: number;
  /** Architectures beside the native one. */
  architectures?: SeccompArch[];
  /** Flags of seccomp(2). */
  flags?: SeccompFlag[];
  /** Unix socket that gets the notification fd. */
  listenerPath?: string;
  /** Data for whoever listens there. */
  listenerMetadata?: string;
  /** Rules. */
  syscalls?: SeccompRule[];
}

/** What happens to a call. */
export type SeccompAction =
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_ALLOW"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_NOTIFY";

/** Flags of seccomp(2). */
export type SeccompFlag =
  | "SECCOMP_FILTER_FLAG_LOG"
  | "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
  | "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
  | "SECCOMP_FILTER_FLAG_TSYNC";

/** Architectures, as libseccomp names them. */
export type SeccompArch =
  | "SCMP_ARCH_X86"
  | "SCMP_ARCH_X86_64"
  | "SCMP_ARCH_X32"
  | "SCMP_ARCH_ARM"
  | "SCMP_ARCH_AARCH64"
  | "SCMP_ARCH_MIPS"
  | "SCMP_ARCH_MIPS64"
  | "SCMP_ARCH_MIPS64N32"
  | "SCMP_ARCH_MIPSEL"
  | "SCMP_ARCH_MIPSEL64"
  | "SCMP_ARCH_MIPSEL64N32"
  | "SCMP_ARCH_PPC"
  | "SCMP_ARCH_PPC64"
  | "SCMP_ARCH_PPC64LE"
  | "SCMP_ARCH_S390"
  | "SCMP_ARCH_S390X"
  | "SCMP_ARCH_PARISC"
  | "SCMP_ARCH_PARISC64"
  | "SCMP_ARCH_RISCV64"
  | "SCMP_ARCH_LOONGARCH64"
  | "SCMP_ARCH_M68K"
  | "SCMP_ARCH_SH"
  | "SCMP_ARCH_SHEB";

/** Comparisons of an argument. */
export type SeccompOperator =
  | "SCMP_CMP_NE"
  | "SCMP_CMP_LT"
  | "SCMP_CMP_LE"
  | "SCMP_CMP_EQ"
  | "SCMP_CMP_GE"
  | "SCMP_CMP_GT"
  | "SCMP_CMP_MASKED_EQ";

/** One rule: these calls, with these arguments, get this action. */
export interface SeccompRule {
  /** Calls by name; names that the kernel lacks are skipped. */
  names: string[];
  /** What happens. */
  action: SeccompAction;
  /** errno of an action ERRNO or TRACE. @default EPERM */
  errnoRet?: number;
  /** Conditions, all of which must hold. */
  args?: SeccompArg[];
}

/** A condition on one argument. */
export interface SeccompArg {
  /** Which argument, 0 to 5. */
  index: number;
  /** Value, or the mask of MASKED_EQ. */
  value: Uint64;
  /** Value of MASKED_EQ. */
  valueTwo?: Uint64;
  /** Comparison. */
  op: SeccompOperator;
}
