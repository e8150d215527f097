/**
 * A kernel port that runs nothing: it keeps the programs it is given and answers as it is told.
 *
 * @module
 */
import { AsyncQueue } from "../host/async_queue.ts";
import type { ExitStatus, Kernel, Launch, LaunchOptions, LaunchRecord } from "../host/kernel.ts";
import { disassemble } from "../launch/disassemble.ts";
import type { Op } from "../launch/op.ts";
import type { Program } from "../launch/program.ts";

/** What a fake launch reports and how it ends. */
export interface FakeOutcome {
  /** Records, in order. @default {[]} */
  readonly records?: readonly LaunchRecord[];
  /** How it ends. @default {code 0} */
  readonly status?: Partial<ExitStatus>;
  /** Process id. @default {1000 and up} */
  readonly pid?: number;
}

/** One launch that a fake kernel was asked for. */
export interface FakeLaunch {
  /** The program. */
  readonly program: Program;
  /** With what options. */
  readonly options: LaunchOptions;
}

/** A kernel port that runs nothing. */
export interface FakeKernel extends Kernel {
  /** Every launch so far. */
  readonly launches: readonly FakeLaunch[];
}

/**
 * A kernel port that answers each launch by `answer`.
 *
 * @example
 * ```ts
 * import { ProgramBuilder, run } from "@rt/runc/kernel";
 * import { fakeKernel } from "@rt/runc/testing";
 * const kernel = fakeKernel(() => ({ records: [{ kind: "value", tag: 1, value: 7n }] }));
 * const { values } = await run(kernel, new ProgramBuilder().build());
 * if (values.get(1) !== 7n) throw new Error("the value was not reported");
 * ```
 */
export function fakeKernel(
  answer: (program: Program, index: number) => FakeOutcome = () => ({}),
): FakeKernel {
  const launches: FakeLaunch[] = [];
  return {
    launches,
    launch: async (program: Program, options: LaunchOptions = {}): Promise<Launch> => {
      const index = launches.push({ program, options }) - 1;
      const outcome = answer(program, index);
      const records = new AsyncQueue<LaunchRecord>();
      for (const record of outcome.records ?? []) records.push(record);
      records.end();
      return {
        pid: outcome.pid ?? 1000 + index,
        records,
        exited: Promise.resolve({ code: 0, signal: 0, ...outcome.status }),
        stdio: [undefined, undefined, undefined],
      };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The record of the failure of the first step of `program` that is named `name`. */
export function failureOf(program: Program, name: string, errno: number): LaunchRecord {
  const op = program.ops.findIndex((o: Op) => o.name === name);
  if (op < 0) throw new TypeError(`no step "${name}" in:\n${disassemble(program)}`);
  return { kind: "failure", op, name, syscall: program.ops[op]!.syscall ?? program.ops[op]!.kind, errno };
}
