/**
 * Freezer of cgroup v2.
 *
 * State file: `cgroup.freeze` (write "1" or "0"); completion is seen in `cgroup.events` ("frozen 1").
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files"; opencontainers/cgroups fs2/freezer.go.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import { CgroupError } from "../cgroup_error.ts";
import { readKeyed, readOptional, writeLimit } from "../files.ts";
import type { FreezeOptions, FreezerState } from "../freezer_options.ts";

/**
 * Freezes the cgroup and resolves once the kernel confirms.
 *
 * @throws {CgroupError} `NOT_FOUND` if the cgroup is gone; `DEADLINE_EXCEEDED` after `timeoutMs`, thawed again.
 */
export async function freezeV2(fs: CgroupFs, dir: string, options: FreezeOptions = {}): Promise<void> {
  const end = performance.now() + (options.timeoutMs ?? 10_000);
  writeLimit(fs, dir, "cgroup.freeze", "freezer state", "1");
  try {
    for (
      let delayMs = 1;
      readKeyed(fs, dir, "cgroup.events")?.frozen !== 1n;
      delayMs = Math.min(delayMs * 2, 10)
    ) {
      options.signal?.throwIfAborted();
      if (performance.now() > end) {
        throw new CgroupError("DEADLINE_EXCEEDED", `cannot freeze cgroup ${dir}: unable to freeze`);
      }
      await sleep(delayMs);
    }
  } catch (err) {
    if (fs.exists(`${dir}/cgroup.freeze`)) thawV2(fs, dir);
    throw err;
  }
}

/** Thaws the cgroup. @throws {CgroupError} */
export function thawV2(fs: CgroupFs, dir: string): void {
  writeLimit(fs, dir, "cgroup.freeze", "freezer state", "0");
}

/** State of the cgroup itself: frozen through an ancestor alone counts as thawed. */
export function freezerStateV2(fs: CgroupFs, dir: string): FreezerState {
  const state = readOptional(fs, dir, "cgroup.freeze")?.trim();
  if (state === undefined) return "undefined";
  return state === "1" ? "frozen" : "thawed";
}
