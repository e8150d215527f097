/**
 * Priority of network traffic by interface on cgroup v1.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/net_prio.rst.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { writeLimit } from "../files.ts";

/** The net_prio controller. */
export const netPrioV1: CgroupController = {
  name: "net_prio",
  set(fs, dir, { network }) {
    for (const { name, priority } of network?.priorities ?? []) {
      writeLimit(fs, dir, "net_prio.ifpriomap", "network priority", `${name} ${priority}`);
    }
  },
};
