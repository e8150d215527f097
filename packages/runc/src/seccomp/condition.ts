/**
 * Conditions on system call arguments, as data and as classic BPF.
 *
 * The argument's two halves are loaded separately; on a 32-bit convention only the low half counts, as libseccomp has
 * it. Source: runtime-spec config-linux.md "Seccomp", `args`; libseccomp seccomp_rule_add(3).
 *
 * @module
 */
import { BPF, type BpfInstruction, bpf, SECCOMP_DATA } from "./bpf.ts";
import { SeccompProfileError } from "./profile_error.ts";

/** Operators of the specification. */
export const SECCOMP_OPERATORS = [
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_LE",
  "SCMP_CMP_LT",
  "SCMP_CMP_MASKED_EQ",
  "SCMP_CMP_NE",
] as const;

/** Name of an operator in config.json. */
export type SeccompOperator = (typeof SECCOMP_OPERATORS)[number];

/** One condition, checked and in 64-bit form. */
export interface Condition {
  /** Argument, 0 to 5. */
  readonly index: number;
  readonly op: SeccompOperator;
  /** What is compared with; the mask for `SCMP_CMP_MASKED_EQ`. */
  readonly value: bigint;
  /** What the masked argument must be. */
  readonly valueTwo: bigint;
}

/** One condition as config.json has it. */
export interface ConditionInput {
  readonly index: number;
  readonly op: string;
  readonly value: number | bigint;
  readonly valueTwo?: number | bigint | undefined;
}

/**
 * Checks one condition.
 *
 * @throws {SeccompProfileError} `INVALID_ARGUMENT` for an unknown operator or an index above 5.
 */
export function parseCondition(input: ConditionInput): Condition {
  const op = SECCOMP_OPERATORS.find((o) => o === input.op);
  if (op === undefined)
    throw new SeccompProfileError(`string ${input.op} is not a valid operator for seccomp`);
  if (!Number.isInteger(input.index) || input.index < 0 || input.index > 5) {
    throw new SeccompProfileError(`syscalls only have up to 6 arguments (${input.index} requested)`);
  }
  return { index: input.index, op, value: word64(input.value), valueTwo: word64(input.valueTwo ?? 0) };
}

/** A number of the profile as an unsigned 64-bit word; JSON may carry it as a negative number. */
function word64(value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new SeccompProfileError(`argument value ${value} is not an integer`);
  }
  return BigInt.asUintN(64, BigInt(value));
}

/** Whether an argument word satisfies the condition; the direct reading that compiled code must agree with. */
export function matchesCondition(c: Condition, arg: bigint, bits: 32 | 64): boolean {
  const a = BigInt.asUintN(bits, arg);
  const value = BigInt.asUintN(bits, c.value);
  switch (c.op) {
    case "SCMP_CMP_EQ":
      return a === value;
    case "SCMP_CMP_NE":
      return a !== value;
    case "SCMP_CMP_LT":
      return a < value;
    case "SCMP_CMP_LE":
      return a <= value;
    case "SCMP_CMP_GT":
      return a > value;
    case "SCMP_CMP_GE":
      return a >= value;
    case "SCMP_CMP_MASKED_EQ":
      return (a & value) === BigInt.asUintN(bits, c.valueTwo);
  }
}

/** Where a jump inside a condition leads: on to the code after it, or away because the rule does not match. */
type Target = "match" | "fail" | number;
interface Draft {
  readonly code: number;
  readonly k: number;
  readonly jt?: Target;
  readonly jf?: Target;
}

const lo = (v: bigint): number => Number(v & 0xffff_ffffn);
const hi = (v: bigint): number => Number(v >> 32n);

/** Code for `arg > value` (or `>=`), with the two outcomes named by the caller. */
function ordered(c: Condition, bits: 32 | 64, lowCode: number, yes: Target, no: Target): Draft[] {
  const offset = SECCOMP_DATA.args + c.index * 8;
  const low: Draft[] = [
    { code: BPF.load, k: offset },
    { code: lowCode, k: lo(c.value), jt: yes, jf: no },
  ];
  if (bits === 32) return low;
  return [
    { code: BPF.load, k: offset + 4 },
    { code: BPF.jumpGreater, k: hi(c.value), jt: yes, jf: 0 },
    { code: BPF.jumpEqual, k: hi(c.value), jt: 0, jf: no },
    ...low,
  ];
}

/** Code for `(arg & mask) == value`, skipping halves of which nothing is asked. */
function masked(c: Condition, bits: 32 | 64, mask: bigint, value: bigint): Draft[] {
  const offset = SECCOMP_DATA.args + c.index * 8;
  const half = (at: number, m: number, v: number): Draft[] => {
    if (m === 0 && v === 0) return [];
    const and: Draft[] = m === 0xffff_ffff ? [] : [{ code: BPF.and, k: m }];
    return [{ code: BPF.load, k: at }, ...and, { code: BPF.jumpEqual, k: v, jt: 0, jf: "fail" }];
  };
  const high = bits === 64 ? half(offset + 4, hi(mask), hi(value)) : [];
  return [...high, ...half(offset, lo(mask), lo(value))];
}

function draft(c: Condition, bits: 32 | 64): Draft[] {
  const all = (1n << 64n) - 1n;
  switch (c.op) {
    case "SCMP_CMP_EQ":
      return masked(c, bits, all, c.value);
    case "SCMP_CMP_MASKED_EQ":
      return masked(c, bits, c.value, c.valueTwo);
    case "SCMP_CMP_NE": {
      const offset = SECCOMP_DATA.args + c.index * 8;
      const low: Draft[] = [
        { code: BPF.load, k: offset },
        { code: BPF.jumpEqual, k: lo(c.value), jt: "fail", jf: "match" },
      ];
      if (bits === 32) return low;
      return [
        { code: BPF.load, k: offset + 4 },
        { code: BPF.jumpEqual, k: hi(c.value), jt: 0, jf: "match" },
        ...low,
      ];
    }
    case "SCMP_CMP_GT":
      return ordered(c, bits, BPF.jumpGreater, "match", "fail");
    case "SCMP_CMP_GE":
      return ordered(c, bits, BPF.jumpGreaterEqual, "match", "fail");
    case "SCMP_CMP_LE":
      return ordered(c, bits, BPF.jumpGreater, "fail", "match");
    case "SCMP_CMP_LT":
      return ordered(c, bits, BPF.jumpGreaterEqual, "fail", "match");
  }
}

/** Code that answers `verdict` when all conditions hold, and falls through to the next instruction when one does not. */
export function compileRule(
  conditions: readonly Condition[],
  bits: 32 | 64,
  verdict: number,
): BpfInstruction[] {
  const drafts = conditions.map((c) => draft(c, bits));
  const total = drafts.reduce((n, d) => n + d.length, 0) + 1;
  const code: BpfInstruction[] = [];
  for (const part of drafts) {
    const end = code.length + part.length;
    for (const d of part) {
      const next = code.length + 1;
      const distance = (t: Target | undefined): number => {
        if (t === "match") return end - next;
        return t === "fail" ? total - next : (t ?? 0);
      };
      code.push(bpf(d.code, d.k, distance(d.jt), distance(d.jf)));
    }
  }
  code.push(bpf(BPF.ret, verdict));
  return code;
}
