/**
 * Compiles `linux.seccomp` to the filter that the launch program loads.
 *
 * Shape of a filter: load the architecture; per architecture one decision tree over the number; any other
 * architecture is killed. Numbers above the newest one that the profile names answer ENOSYS instead of the default,
 * so that C libraries fall back instead of failing.
 * Source: runtime-spec config-linux.md "Seccomp"; opencontainers/runc libcontainer/seccomp.
 *
 * @module
 */
import { BAD_ARCH_VERDICT, ENOSYS_VERDICT, seccompVerdict } from "./action.ts";
import { isKnownSyscall, type NativeArch, resolveArchs, type SeccompArch } from "./arch.ts";
import { BPF, BPF_MAX_INSTRUCTIONS, type BpfInstruction, bpf, encodeBpf, SECCOMP_DATA } from "./bpf.ts";
import { compileRule } from "./condition.ts";
import { SECCOMP_FILTER_FLAGS, seccompFlags } from "./flags.ts";
import { SeccompProfileError } from "./profile_error.ts";
import {
  answersFor,
  isAlways,
  lastKnown,
  parseRules,
  type SeccompProfileInput,
  type SyscallAnswer,
  type SyscallRule,
} from "./rules.ts";
import { X32_BIT } from "./syscalls_x32.ts";
import { compileTree, SegmentList } from "./tree.ts";

/** A filter, ready to be loaded. */
export interface SeccompFilter {
  /** `struct sock_filter` array, 8 bytes each. */
  readonly bytes: Uint8Array;
  /** Length of the array, 1 to 4096. */
  readonly count: number;
  /** Flags for seccomp(2); when 0, prctl(PR_SET_SECCOMP) does as well. */
  readonly flags: number;
  /** Whether loading returns a listener that must go to the seccomp agent. */
  readonly notify: boolean;
  /** Names in the profile that no architecture knows; they were ignored. */
  readonly unknown: readonly string[];
}

/** The numbers of one calling convention inside an architecture's number space. */
interface NumberSpace {
  readonly arch: SeccompArch;
  readonly first: number;
  readonly last: number;
}

/**
 * Compiles a profile for a machine.
 *
 * @param native The machine's architecture, as `process.arch` says it.
 * @throws {SeccompProfileError} `INVALID_ARGUMENT` if the profile is not valid or too large.
 */
export function compileSeccomp(profile: SeccompProfileInput, native: NativeArch): SeccompFilter {
  const archs = resolveArchs(profile.architectures ?? [], native);
  const flags = seccompFlags(profile.flags ?? []);
  const rules = parseRules(profile);
  const program: BpfInstruction[] = [bpf(BPF.load, SECCOMP_DATA.arch)];
  for (const spaces of groupByAudit(archs)) {
    const block = compileBlock(profile, rules, spaces);
    const audit = spaces[0]?.arch.audit ?? 0;
    if (block.length <= 255) program.push(bpf(BPF.jumpEqual, audit, 0, block.length));
    else program.push(bpf(BPF.jumpEqual, audit, 1, 0), bpf(BPF.jump, block.length));
    program.push(...block);
  }
  program.push(bpf(BPF.ret, BAD_ARCH_VERDICT));
  if (program.length > BPF_MAX_INSTRUCTIONS) {
    throw new SeccompProfileError(`${program.length} instructions, the kernel takes ${BPF_MAX_INSTRUCTIONS}`);
  }
  const notify = (profile.syscalls ?? []).some((s) => s.action === "SCMP_ACT_NOTIFY");
  return {
    bytes: encodeBpf(program),
    count: program.length,
    flags: notify ? flags | SECCOMP_FILTER_FLAGS.newListener : flags,
    notify,
    unknown: unknownNames(profile),
  };
}

/** Conventions that share an audit number share a decision tree. */
function groupByAudit(archs: readonly SeccompArch[]): NumberSpace[][] {
  const x32 = archs.find((a) => a.name === "SCMP_ARCH_X32");
  return archs
    .filter((a) => a !== x32)
    .map((arch) => {
      if (arch.name !== "SCMP_ARCH_X86_64") return [{ arch, first: 0, last: 0xffff_ffff }];
      const low = { arch, first: 0, last: X32_BIT - 1 };
      return x32 === undefined ? [low] : [low, { arch: x32, first: X32_BIT, last: 0xffff_ffff }];
    });
}

function compileBlock(
  profile: SeccompProfileInput,
  rules: readonly SyscallRule[],
  spaces: readonly NumberSpace[],
): BpfInstruction[] {
  const fallback = seccompVerdict(profile.defaultAction, profile.defaultErrnoRet);
  const list = new SegmentList();
  for (const space of spaces) addSpace(list, profile, rules, space, fallback);
  const end = spaces.at(-1)?.last ?? 0;
  if (end !== 0xffff_ffff) {
    // x32 calls where the profile has no x32; -1 is what a tracer sets to skip a call, and no convention's.
    list.addVerdict(end + 1, BAD_ARCH_VERDICT);
    list.addVerdict(0xffff_ffff, fallback);
  }
  const block = [bpf(BPF.load, SECCOMP_DATA.nr)];
  compileTree(list.segments, block);
  return block;
}

/** Adds what the numbers of one convention answer. */
function addSpace(
  list: SegmentList,
  profile: SeccompProfileInput,
  rules: readonly SyscallRule[],
  { arch, first }: NumberSpace,
  fallback: number,
): void {
  const answers = answersFor(arch, rules);
  let next = first;
  for (const nr of Uint32Array.from(answers.keys()).sort()) {
    const answer = answers.get(nr) ?? [];
    if (nr > next) list.addVerdict(next, fallback);
    if (isAlways(answer)) list.addVerdict(nr, answer[0]?.verdict ?? fallback);
    else list.addCode(nr, compileAnswer(answer, arch.argBits, fallback));
    next = nr + 1;
  }
  const known = lastKnown(arch, profile);
  if (known === undefined || next <= known) list.addVerdict(next, fallback);
  if (known !== undefined) list.addVerdict(known + 1, ENOSYS_VERDICT);
}

function compileAnswer(answer: SyscallAnswer, bits: 32 | 64, fallback: number): BpfInstruction[] {
  const code = answer.flatMap((r) => compileRule(r.conditions, bits, r.verdict));
  return [...code, bpf(BPF.ret, fallback)];
}

function unknownNames(profile: SeccompProfileInput): string[] {
  const names = new Set((profile.syscalls ?? []).flatMap((s) => s.names));
  return [...names].filter((name) => !isKnownSyscall(name)).sort();
}
