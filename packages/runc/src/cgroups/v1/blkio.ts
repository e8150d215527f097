/**
 * Block I/O on cgroup v1.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/blkio-controller.rst; opencontainers/cgroups fs/blkio.go.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import type { LinuxThrottleDevice } from "../../oci.ts";
import type { CgroupController } from "../controller.ts";
import { deviceNumber } from "../convert.ts";
import { readOptional, writeLimit } from "../files.ts";
import type { BlkioEntry, BlkioStats } from "../stats.ts";

/** Parses lines `8:0 Read 123` or `8:0 123`; the line `Total n` is left out. */
export function parseBlkioStat(text: string): BlkioEntry[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+) (?:(\S+) )?(\d+)$/.exec(line);
    if (match === null) return [];
    const [, major = "0", minor = "0", op = "", value = "0"] = match;
    return [{ major: BigInt(major), minor: BigInt(minor), op, value: BigInt(value) }];
  });
}

/** Lists by their file's name after the prefix. */
const LISTS: Readonly<Record<string, keyof Omit<BlkioStats, "psi">>> = {
  sectors_recursive: "sectorsRecursive",
  io_service_time_recursive: "ioServiceTimeRecursive",
  io_wait_time_recursive: "ioWaitTimeRecursive",
  io_merged_recursive: "ioMergedRecursive",
  io_queued_recursive: "ioQueueRecursive",
  time_recursive: "ioTimeRecursive",
  io_serviced_recursive: "ioServicedRecursive",
  io_service_bytes_recursive: "ioServiceBytesRecursive",
};
const BASIC = ["io_serviced_recursive", "io_service_bytes_recursive"];

/** Sets of files, best first: the first set whose first file is there and not empty is read. */
const SOURCES: readonly (readonly [prefix: string, files: readonly string[], suffix: string])[] = [
  ["blkio.bfq.", Object.keys(LISTS), ""],
  ["blkio.bfq.", BASIC, ""],
  ["blkio.", Object.keys(LISTS), ""],
  ["blkio.throttle.", BASIC, ""],
  ["blkio.throttle.", BASIC, "_recursive"],
];

function readBlkio(fs: CgroupFs, dir: string, stats: BlkioStats): void {
  for (const [prefix, files, cut] of SOURCES) {
    for (const [i, name] of files.entries()) {
      const file = prefix + (name.endsWith(cut) ? name.slice(0, name.length - cut.length) : name);
      const entries = parseBlkioStat(readOptional(fs, dir, file) ?? "");
      if (i === 0 && entries.length === 0) break;
      const list = LISTS[name];
      if (list !== undefined) stats[list] = entries;
      if (i === files.length - 1) return;
    }
  }
}

function throttle(
  fs: CgroupFs,
  dir: string,
  file: string,
  devices: readonly LinuxThrottleDevice[] = [],
): void {
  for (const d of devices) {
    writeLimit(fs, dir, `blkio.throttle.${file}`, `blkio ${file}`, `${deviceNumber(d)} ${d.rate}`);
  }
}

/** The blkio controller. */
export const blkioV1: CgroupController = {
  name: "blkio",
  set(fs, dir, { blockIO: io }) {
    if (io === undefined) return;
    if (io.weight || io.weightDevice?.length) {
      const base = fs.exists(`${dir}/blkio.weight`) ? "blkio.weight" : "blkio.bfq.weight";
      if (io.weight) writeLimit(fs, dir, base, "blkio weight", io.weight);
      for (const d of io.weightDevice ?? []) {
        const at = deviceNumber(d);
        if (d.weight) writeLimit(fs, dir, `${base}_device`, "blkio weight", `${at} ${d.weight}`);
        if (d.leafWeight) {
          writeLimit(fs, dir, "blkio.leaf_weight_device", "blkio leaf weight", `${at} ${d.leafWeight}`);
        }
      }
    }
    if (io.leafWeight) writeLimit(fs, dir, "blkio.leaf_weight", "blkio leaf weight", io.leafWeight);
    throttle(fs, dir, "read_bps_device", io.throttleReadBpsDevice);
    throttle(fs, dir, "write_bps_device", io.throttleWriteBpsDevice);
    throttle(fs, dir, "read_iops_device", io.throttleReadIOPSDevice);
    throttle(fs, dir, "write_iops_device", io.throttleWriteIOPSDevice);
  },
  read(fs, dir, stats) {
    readBlkio(fs, dir, stats.blkio);
  },
};
