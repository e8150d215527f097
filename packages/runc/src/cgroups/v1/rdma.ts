/**
 * RDMA handles and objects; the files are the same on cgroup v1 and v2.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/rdma.rst.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { writeLimit } from "../files.ts";

/** The rdma controller. */
export const rdmaV1: CgroupController = {
  name: "rdma",
  set(fs, dir, { rdma = {} }) {
    for (const [device, { hcaHandles, hcaObjects }] of Object.entries(rdma)) {
      const handles = hcaHandles === undefined ? "" : ` hca_handle=${hcaHandles}`;
      const objects = hcaObjects === undefined ? "" : ` hca_object=${hcaObjects}`;
      writeLimit(fs, dir, "rdma.max", "rdma limit", `${device}${handles}${objects}`);
    }
  },
};
