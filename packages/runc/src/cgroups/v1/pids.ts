/**
 * Number of tasks; the files are the same on cgroup v1 and v2.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/pids.rst; opencontainers/cgroups fs/pids.go.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { pidsMax } from "../convert.ts";
import { readU64, U64_MAX, writeLimit } from "../files.ts";

/** The pids controller. */
export const pidsV1: CgroupController = {
  name: "pids",
  set(fs, dir, { pids }) {
    if (pids?.limit !== undefined) writeLimit(fs, dir, "pids.max", "pids limit", pidsMax(pids.limit));
  },
  read(fs, dir, stats) {
    const limit = readU64(fs, dir, "pids.max") ?? 0n;
    stats.pids = {
      current: readU64(fs, dir, "pids.current") ?? 0n,
      limit: limit === U64_MAX ? 0n : limit,
    };
  },
};
