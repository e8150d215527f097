/**
 * Huge pages on cgroup v1.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { readHugepages, setHugepages } from "../hugetlb.ts";

/** The hugetlb controller. */
export const hugetlbV1: CgroupController = {
  name: "hugetlb",
  set: (fs, dir, { hugepageLimits }) => setHugepages(fs, dir, hugepageLimits, "limit_in_bytes"),
  read: (fs, dir, stats) => readHugepages(fs, dir, stats, 1),
};
