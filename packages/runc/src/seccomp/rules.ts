/**
 * From the rules of a profile to what each system call number answers, per architecture.
 *
 * As in runc: a rule whose action is the default action says nothing; names that no architecture knows are ignored;
 * a rule with two conditions on one argument becomes one rule per condition. For one number, a rule without conditions
 * beats those with conditions; among equals the first in the profile wins.
 * Source: opencontainers/runc libcontainer/seccomp/seccomp_linux.go `matchCall`.
 *
 * @module
 */
import { isPermissive, seccompVerdict } from "./action.ts";
import type { SeccompArch } from "./arch.ts";
import { type Condition, type ConditionInput, matchesCondition, parseCondition } from "./condition.ts";
import { MULTIPLEXED_X86, type Multiplexed } from "./multiplex.ts";
import { SeccompProfileError } from "./profile_error.ts";

/** One entry of `linux.seccomp.syscalls`. */
export interface SyscallRuleInput {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number | undefined;
  readonly args?: readonly ConditionInput[] | undefined;
}

/** The part of `linux.seccomp` that the filter depends on. */
export interface SeccompProfileInput {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number | undefined;
  readonly architectures?: readonly string[] | undefined;
  readonly flags?: readonly string[] | undefined;
  readonly syscalls?: readonly SyscallRuleInput[] | undefined;
}

/** A rule that says something: any alternative's conditions hold → verdict. */
export interface SyscallRule {
  readonly names: readonly string[];
  /** One alternative per way to match; without conditions it always does. */
  readonly answer: SyscallAnswer;
}

/** What one system call number answers: the first alternative whose conditions hold, else the default. */
export type SyscallAnswer = readonly {
  readonly verdict: number;
  readonly conditions: readonly Condition[];
}[];

/**
 * The rules of a profile, those equal to the default left out.
 *
 * @throws {SeccompProfileError} `INVALID_ARGUMENT` for an unknown action, operator, argument, an empty name, or
 * `SCMP_ACT_NOTIFY` where the runtime itself would hang.
 */
export function parseRules(profile: SeccompProfileInput): SyscallRule[] {
  const fallback = seccompVerdict(profile.defaultAction, profile.defaultErrnoRet);
  if (profile.defaultAction === "SCMP_ACT_NOTIFY") {
    throw new SeccompProfileError("SCMP_ACT_NOTIFY cannot be used as default action");
  }
  const rules: SyscallRule[] = [];
  for (const { names, action, errnoRet, args } of profile.syscalls ?? []) {
    const verdict = seccompVerdict(action, errnoRet);
    const alternatives = splitConditions((args ?? []).map(parseCondition));
    for (const name of names) checkName(name, action);
    if (verdict === fallback) continue;
    rules.push({ names, answer: alternatives.map((conditions) => ({ verdict, conditions })) });
  }
  return rules;
}

function checkName(name: string, action: string): void {
  if (name === "") throw new SeccompProfileError("empty string is not a valid syscall");
  if (action === "SCMP_ACT_NOTIFY" && name === "write") {
    throw new SeccompProfileError("SCMP_ACT_NOTIFY cannot be used for the write syscall");
  }
}

function splitConditions(conditions: readonly Condition[]): (readonly Condition[])[] {
  const indexes = new Set(conditions.map((c) => c.index));
  return indexes.size === conditions.length ? [conditions] : conditions.map((c) => [c]);
}

/** What each number of `arch` that the rules speak of answers. */
export function answersFor(arch: SeccompArch, rules: readonly SyscallRule[]): Map<number, SyscallAnswer> {
  const found = new Map<number, SyscallAnswer>();
  const add = (nr: number | undefined, answer: SyscallAnswer): void => {
    if (nr === undefined) return;
    const before = found.get(nr);
    if (before === undefined) found.set(nr, answer);
    else if (!isAlways(before)) found.set(nr, isAlways(answer) ? answer : [...before, ...answer]);
  };
  for (const { names, answer } of rules) {
    for (const name of names) {
      add(numberOf(arch, name), answer);
      const via = carrierOf(arch, name);
      if (via === undefined) continue;
      const muxed = answer.map((a) => ({ ...a, conditions: selected(via.selector, a.conditions) }));
      add(numberOf(arch, via.carrier), muxed);
    }
  }
  return found;
}

/** Whether an answer does not depend on arguments. */
export function isAlways(answer: SyscallAnswer): boolean {
  return answer[0]?.conditions.length === 0;
}

function numberOf(arch: SeccompArch, name: string): number | undefined {
  const nr: unknown = arch.syscalls[name];
  return typeof nr === "number" ? nr : undefined; // "constructor" and its like are no numbers
}

function carrierOf(arch: SeccompArch, name: string): Multiplexed | undefined {
  return arch.name === "SCMP_ARCH_X86" ? MULTIPLEXED_X86.get(name) : undefined;
}

/** The conditions of a multiplexed call: argument 0 is the selector, so a condition on it cannot be kept. */
function selected(selector: number, conditions: readonly Condition[]): Condition[] {
  const first: Condition = { index: 0, op: "SCMP_CMP_EQ", value: BigInt(selector), valueTwo: 0n };
  return [first, ...conditions.filter((c) => c.index !== 0)];
}

/**
 * The highest number of `arch` that the profile names at all, rules equal to the default included; calls above it are
 * newer than the profile. Undefined when the profile is permissive or names none.
 *
 * Source: opencontainers/runc libcontainer/seccomp/patchbpf/enosys_linux.go `findLastSyscalls`.
 */
export function lastKnown(arch: SeccompArch, profile: SeccompProfileInput): number | undefined {
  if (isPermissive(profile.defaultAction)) return undefined;
  let last = 0;
  for (const { names } of profile.syscalls ?? []) {
    for (const name of names) {
      const carrier = carrierOf(arch, name)?.carrier;
      last = Math.max(
        last,
        numberOf(arch, name) ?? 0,
        carrier === undefined ? 0 : (numberOf(arch, carrier) ?? 0),
      );
    }
  }
  return last === 0 ? undefined : last;
}

/** The verdict of an answer for given arguments; the direct reading that compiled code must agree with. */
export function evaluateAnswer(
  answer: SyscallAnswer,
  args: readonly bigint[],
  bits: 32 | 64,
  fallback: number,
): number {
  const hit = answer.find((rule) =>
    rule.conditions.every((c) => matchesCondition(c, args[c.index] ?? 0n, bits)),
  );
  return hit?.verdict ?? fallback;
}
