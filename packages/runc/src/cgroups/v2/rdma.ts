/**
 * RDMA handles and objects on cgroup v2: the files of v1.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { rdmaV1 } from "../v1/rdma.ts";

/** The rdma controller. */
export const rdmaV2: CgroupController = rdmaV1;
