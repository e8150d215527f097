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
import { type Multiplexed, multiplexedX86 } from "./multiplex.ts";
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

/** A rule for one name: all conditions hold → verdict. */
export interface SyscallRule {
  readonly name: string;
  readonly verdict: number;
  readonly conditions: readonly Condition[];
}

/** What one system call number answers: the first alternative whose conditions hold, else the default. */
export type SyscallAnswer = readonly {
  readonly verdict: number;
  readonly conditions: readonly Condition[];
}[];

/**
 * The rules of a profile, one per name and alternative, those equal to the default left out.
 *
 * @throws {SeccompProfileError} `INVALID_ARGUMENT` for an unknown action, operator, argument, an empty name, or
 * `SCMP_ACT_NOTIFY` where the runtime itself would hang.
 */
export function parseRules(profile: SeccompProfileInput): SyscallRule[] {
  const fallback = seccompVerdict(profile.defaultAction, profile.defaultErrnoRet);
  if (profile.defaultAction === "SCMP_ACT_NOTIFY") {
    throw new SeccompProfileError("SCMP_ACT_NOTIFY cannot be used as default action");
  }
  return (profile.syscalls ?? []).flatMap((input) => {
    const verdict = seccompVerdict(input.action, input.errnoRet);
    const alternatives = splitConditions((input.args ?? []).map(parseCondition));
    return input.names.flatMap((name) => {
      checkName(name, input.action);
      if (verdict === fallback) return [];
      return alternatives.map((conditions) => ({ name, verdict, conditions }));
    });
  });
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
  const found = new Map<number, { verdict: number; conditions: readonly Condition[] }[]>();
  const add = (nr: number | undefined, verdict: number, conditions: readonly Condition[]): void => {
    if (nr === undefined) return;
    const list = found.get(nr);
    if (list === undefined) found.set(nr, [{ verdict, conditions }]);
    else list.push({ verdict, conditions });
  };
  for (const { name, verdict, conditions } of rules) {
    add(numberOf(arch, name), verdict, conditions);
    const via = carrierOf(arch, name);
    if (via !== undefined) {
      add(numberOf(arch, via.carrier), verdict, selected(via.selector, conditions));
    }
  }
  return new Map([...found].map(([nr, list]) => [nr, settle(list)]));
}

function numberOf(arch: SeccompArch, name: string): number | undefined {
  return Object.hasOwn(arch.syscalls, name) ? arch.syscalls[name] : undefined;
}

function carrierOf(arch: SeccompArch, name: string): Multiplexed | undefined {
  return arch.name === "SCMP_ARCH_X86" ? multiplexedX86(name) : undefined;
}

/** The conditions of a multiplexed call: argument 0 is the selector, so a condition on it cannot be kept. */
function selected(selector: number, conditions: readonly Condition[]): Condition[] {
  const first: Condition = { index: 0, op: "SCMP_CMP_EQ", value: BigInt(selector), valueTwo: 0n };
  return [first, ...conditions.filter((c) => c.index !== 0)];
}

function settle(list: readonly SyscallAnswer[number][]): SyscallAnswer {
  const always = list.find((rule) => rule.conditions.length === 0);
  return always === undefined ? list : [always];
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
