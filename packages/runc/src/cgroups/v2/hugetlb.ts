/**
 * Huge pages on cgroup v2.
 *
 * @module
 */
import type { CgroupController } from "../controller.ts";
import { readHugepages, setHugepages } from "../hugetlb.ts";

/** The hugetlb controller. */
export const hugetlbV2: CgroupController = {
  name: "hugetlb",
  set: (fs, dir, { hugepageLimits }) => setHugepages(fs, dir, hugepageLimits, "max"),
  read: (fs, dir, stats) => readHugepages(fs, dir, stats, 2),
};
