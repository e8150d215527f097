/**
 * Number of tasks on cgroup v2.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { readPids } from "../files.ts";
import { pidsV1 } from "../v1/pids.ts";

/** The pids controller: the files of v1; without it, the processes are counted. */
export const pidsV2: CgroupController = {
  ...pidsV1,
  read(fs, dir, stats) {
    pidsV1.read?.(fs, dir, stats);
    if (!fs.exists(`${dir}/pids.current`)) stats.pids.current = BigInt(readPids(fs, dir).length);
  },
};
