/**
 * Freezer of cgroup v1.
 *
 * Freezing may hang in FREEZING while the cgroup forks; writing again, and an occasional thaw, gets it done.
 * Source: Linux Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst; opencontainers/cgroups fs/freezer.go.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import { CgroupError } from "../cgroup_error.ts";
import { readOptional, writeLimit } from "../files.ts";
import type { FreezeOptions, FreezerState } from "../freezer_options.ts";

const FILE = "freezer.state";

/**
 * Freezes the cgroup and resolves once the kernel says FROZEN.
 *
 * @throws {CgroupError} `NOT_FOUND` if the cgroup is gone; `DEADLINE_EXCEEDED` after `timeoutMs`, thawed again.
 */
export async function freezeV1(fs: CgroupFs, dir: string, options: FreezeOptions = {}): Promise<void> {
  const end = performance.now() + (options.timeoutMs ?? 10_000);
  try {
    for (let i = 0; ; i++) {
      options.signal?.throwIfAborted();
      if (i % 50 === 49) {
        thawV1(fs, dir);
        await sleep(10);
      }
      writeLimit(fs, dir, FILE, "freezer state", "FROZEN");
      const state = readOptional(fs, dir, FILE)?.trim();
      if (state === "FROZEN") return;
      if (state !== "FREEZING") {
        throw new CgroupError("INTERNAL", `cannot freeze cgroup ${dir}: unexpected state ${state}`);
      }
      if (performance.now() > end) {
        throw new CgroupError("DEADLINE_EXCEEDED", `cannot freeze cgroup ${dir}: unable to freeze`);
      }
      if (i % 25 === 24) await sleep(1);
    }
  } catch (err) {
    if (fs.exists(`${dir}/${FILE}`)) thawV1(fs, dir);
    throw err;
  }
}

/** Thaws the cgroup. @throws {CgroupError} */
export function thawV1(fs: CgroupFs, dir: string): void {
  writeLimit(fs, dir, FILE, "freezer state", "THAWED");
}

/** State of the cgroup itself: frozen through an ancestor alone counts as thawed. */
export function freezerStateV1(fs: CgroupFs, dir: string): FreezerState {
  const state = readOptional(fs, dir, FILE)?.trim();
  if (state === undefined) return "undefined";
  if (state === "THAWED") return "thawed";
  return readOptional(fs, dir, "freezer.self_freezing")?.trim() === "0" ? "thawed" : "frozen";
}
