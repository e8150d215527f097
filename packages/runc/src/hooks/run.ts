/**
 * Hooks in the runtime's own namespaces, each a launch of its own.
 *
 * @module
 */
import type { Hook } from "@rt/oci-spec/oci";
import { hookError, startError } from "../container/failure.ts";
import { RtError } from "../errors.ts";
import type { Kernel, LaunchRecord } from "../host/kernel.ts";
import { ProgramBuilder } from "../launch/program.ts";
import { emitHooks, HOOK_OUTPUT_TAG, type HookSubject } from "./emit.ts";

/**
 * Runs `hooks` one after the other.
 *
 * @throws {RtError} `FAILED_PRECONDITION` of the first that fails, with runc's text.
 */
export async function runHooks(kernel: Kernel, hooks: readonly Hook[], subject: HookSubject): Promise<void> {
  if (hooks.length === 0) return;
  const p = new ProgramBuilder();
  emitHooks(p, hooks, subject);
  p.exit(0);
  const launch = await kernel.launch(p.build(), { cwd: subject.bundle });
  let failure: Extract<LaunchRecord, { kind: "failure" }> | undefined;
  let output = "";
  let status = 0;
  for await (const record of launch.records) {
    if (record.kind === "failure") failure ??= record;
    else if (record.kind === "data") output += new TextDecoder().decode(record.bytes);
    else if (record.kind === "value" && record.tag === HOOK_OUTPUT_TAG) status = Number(record.value);
  }
  const ended = await launch.exited;
  if (failure !== undefined) {
    const error = subject.status === "creating" ? startError : hookError;
    throw error({ record: failure, hook: { status, output } });
  }
  if (ended.code !== 0 || ended.signal !== 0) {
    throw new RtError(
      "INTERNAL",
      `error running hooks: launch program ended with ${ended.code || `signal ${ended.signal}`}`,
    );
  }
}
