/**
 * Writes a launch program as text, one operation per line: what `rt-runc explain` prints.
 *
 * @module
 */

import type { Arg, Op } from "./op.ts";
import { ARITHMETIC, COMPARISON, WIDTH } from "./op.ts";
import type { Program } from "./program.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const SIGN: Readonly<Record<string, string>> = { eq: "==", ne: "!=", lt: "<", ge: ">=", gt: ">", le: "<=" };

/** The program in readable form; operations are numbered as failures report them. */
export function disassemble(program: Program): string {
  const targets = new Set<number>();
  for (const op of program.ops) {
    if (op.target !== undefined) targets.add(op.target);
    if ("op" in op.policy) targets.add(op.policy.op);
    for (const arg of op.args) if (arg.mode === "label") targets.add(arg.op);
  }
  return program.ops.map((op, i) => line(program, op, i, targets.has(i))).join("\n");
}

function line(program: Program, op: Op, index: number, isTarget: boolean): string {
  const args = op.args.map((arg) => argText(program, arg));
  const result = op.into === undefined ? "" : `$${op.into} = `;
  const note = op.name === (op.syscall ?? op.kind) ? "" : `  # ${op.name}`;
  return `${isTarget ? ">" : " "}${String(index).padStart(4)}  ${result}${bodyText(op, args)}${policyText(op)}${note}`;
}

function bodyText(op: Op, args: readonly string[]): string {
  const [a = "", b = "", c = "", d = ""] = args;
  switch (op.kind) {
    case "syscall":
      return `${op.syscall}(${args.join(", ")})`;
    case "jump":
      return `jump ${a}`;
    case "branch":
      return `if ${a} ${SIGN[nameOf(COMPARISON, op.number)]} ${b} jump ${op.target}`;
    case "store":
      return `store ${nameOf(WIDTH, op.number)} [${a} + ${c}] = ${b}`;
    case "load":
      return `load ${nameOf(WIDTH, op.number)} [${a} + ${c}]`;
    case "arith":
      return op.number === ARITHMETIC.add && b === "0" ? a : `${nameOf(ARITHMETIC, op.number)} ${a}, ${b}`;
    case "report":
      return d === "0"
        ? `report ${op.number} tag ${a} value ${b}`
        : `report ${op.number} tag ${a} data ${c} length ${d}`;
    default:
      return `${op.kind} ${args.join(", ")}`;
  }
}

function policyText(op: Op): string {
  const errnos = op.errnos.join("|");
  switch (op.policy.kind) {
    case "fail":
      return errnos === "" ? "" : `  tolerate ${errnos}`;
    case "ignore":
      return "  ignore errors";
    case "jump":
      return `  on error jump ${op.policy.op}${errnos === "" ? "" : `, tolerate ${errnos}`}`;
    case "jumpOn":
      return `  on ${errnos} jump ${op.policy.op}`;
  }
}

function argText(program: Program, arg: Arg): string {
  switch (arg.mode) {
    case "imm":
      return arg.value > 0xffffn ? `0x${arg.value.toString(16)}` : String(arg.value);
    case "data":
      return stringAt(program.data, arg.offset) ?? `@${arg.offset}`;
    case "slot":
      return `$${arg.slot}`;
    case "slotAddress":
      return `&$${arg.slot}`;
    case "label":
      return String(arg.op);
  }
}

function stringAt(data: Uint8Array, offset: number): string | undefined {
  const end = data.indexOf(0, offset);
  if (end <= offset || end - offset > 200) return undefined;
  try {
    const text = decoder.decode(data.subarray(offset, end));
    return /^[\x20-\x7e]+$/.test(text) ? JSON.stringify(text) : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(table).find(([, v]) => v === value)?.[0] ?? String(value);
}
