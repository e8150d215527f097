/**
 * Architectures of a seccomp filter: their audit numbers, system call tables and calling conventions.
 *
 * One kernel serves a family: x86-64 also runs 32-bit x86 and x32, arm64 also runs 32-bit Arm. Architectures of other
 * families are valid names, but no system call can ever carry them, so a filter need not mention them.
 * Source: Linux include/uapi/linux/audit.h `AUDIT_ARCH_*`; runtime-spec config-linux.md "Seccomp".
 *
 * @module
 */
import { SYSCALLS_ARM64 } from "../launch/syscalls_arm64.ts";
import { SYSCALLS_X64 } from "../launch/syscalls_x64.ts";
import { SeccompProfileError } from "./profile_error.ts";
import { SYSCALLS_ARM } from "./syscalls_arm.ts";
import { SYSCALLS_X32 } from "./syscalls_x32.ts";
import { SYSCALLS_X86 } from "./syscalls_x86.ts";

/** The architectures a process of ours can run on, in Node's names. */
export type NativeArch = "x64" | "arm64";

/** What the compiler knows of one architecture. */
export interface SeccompArch {
  /** Name in config.json. */
  readonly name: string;
  /** Value of `seccomp_data.arch`. */
  readonly audit: number;
  /** Numbers by name, with {@linkcode X32_BIT} where the convention sets it. */
  readonly syscalls: Readonly<Record<string, number>>;
  /** Width of an argument in bits. */
  readonly argBits: 32 | 64;
}

const X64: SeccompArch = {
  name: "SCMP_ARCH_X86_64",
  audit: 0xc000_003e,
  syscalls: SYSCALLS_X64,
  argBits: 64,
};
const X86: SeccompArch = { name: "SCMP_ARCH_X86", audit: 0x4000_0003, syscalls: SYSCALLS_X86, argBits: 32 };
const X32: SeccompArch = { name: "SCMP_ARCH_X32", audit: 0xc000_003e, syscalls: SYSCALLS_X32, argBits: 32 };
const ARM64: SeccompArch = {
  name: "SCMP_ARCH_AARCH64",
  audit: 0xc000_00b7,
  syscalls: SYSCALLS_ARM64,
  argBits: 64,
};
const ARM: SeccompArch = { name: "SCMP_ARCH_ARM", audit: 0x4000_0028, syscalls: SYSCALLS_ARM, argBits: 32 };

/** Every architecture name of the specification that runc accepts, sorted. */
export const SECCOMP_ARCH_NAMES: readonly string[] = [
  "SCMP_ARCH_AARCH64",
  "SCMP_ARCH_ARM",
  "SCMP_ARCH_LOONGARCH64",
  "SCMP_ARCH_MIPS",
  "SCMP_ARCH_MIPS64",
  "SCMP_ARCH_MIPS64N32",
  "SCMP_ARCH_MIPSEL",
  "SCMP_ARCH_MIPSEL64",
  "SCMP_ARCH_MIPSEL64N32",
  "SCMP_ARCH_PPC",
  "SCMP_ARCH_PPC64",
  "SCMP_ARCH_PPC64LE",
  "SCMP_ARCH_RISCV64",
  "SCMP_ARCH_S390",
  "SCMP_ARCH_S390X",
  "SCMP_ARCH_X32",
  "SCMP_ARCH_X86",
  "SCMP_ARCH_X86_64",
];

/** The family that a kernel of `native` serves, the native architecture first. */
function family(native: NativeArch): readonly SeccompArch[] {
  return native === "x64" ? [X64, X86, X32] : [ARM64, ARM];
}

/**
 * The architectures a filter must speak of: the native one always, and those of its family that the profile names.
 *
 * @throws {SeccompProfileError} `INVALID_ARGUMENT` if a name is not an architecture.
 */
export function resolveArchs(names: readonly string[], native: NativeArch): SeccompArch[] {
  for (const name of names) {
    if (!SECCOMP_ARCH_NAMES.includes(name)) {
      throw new SeccompProfileError(`string ${name} is not a valid arch for seccomp`);
    }
  }
  return family(native).filter((arch, i) => i === 0 || names.includes(arch.name));
}

/** Whether any architecture we know has a system call of that name, its multiplexed forms included. */
export function isKnownSyscall(name: string): boolean {
  return [X64, X86, X32, ARM64, ARM].some((arch) => typeof (arch.syscalls[name] as unknown) === "number");
}
