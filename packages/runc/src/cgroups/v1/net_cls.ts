/**
 * Class of network packets on cgroup v1.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/net_cls.rst.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { writeLimit } from "../files.ts";

/** The net_cls controller. */
export const netClsV1: CgroupController = {
  name: "net_cls",
  set(fs, dir, { network }) {
    if (network?.classID) writeLimit(fs, dir, "net_cls.classid", "network class id", network.classID);
  },
};
