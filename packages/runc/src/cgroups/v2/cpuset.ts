/**
 * CPU and memory placement on cgroup v2, where an empty value means the parent's.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst "Cpuset".
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { writeLimit } from "../files.ts";

/** The cpuset controller. */
export const cpusetV2: CgroupController = {
  name: "cpuset",
  set(fs, dir, { cpu }) {
    if (cpu?.cpus) writeLimit(fs, dir, "cpuset.cpus", "cpuset cpus", cpu.cpus);
    if (cpu?.mems) writeLimit(fs, dir, "cpuset.mems", "cpuset mems", cpu.mems);
  },
};
