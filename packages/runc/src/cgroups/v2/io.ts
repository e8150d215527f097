/**
 * Block I/O on cgroup v2. Weights go to the BFQ scheduler's file where there is one, else they are converted.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst "IO"; opencontainers/cgroups fs2/io.go.
 *
 * @module
 */
import type { CgroupFs } from "../../host/cgroup_fs.ts";
import type { LinuxBlockIo, LinuxThrottleDevice } from "../../oci.ts";
import type { CgroupController } from "../controller.ts";
import { blkioToIoWeight, deviceNumber } from "../convert.ts";
import { readOptional, writeLimit } from "../files.ts";
import { readPsi } from "../psi.ts";
import type { BlkioStats } from "../stats.ts";

function setWeights(fs: CgroupFs, dir: string, io: LinuxBlockIo): void {
  if (!io.weight && !io.weightDevice?.length) return;
  const bfq = readOptional(fs, dir, "io.bfq.weight");
  if (io.weight && bfq !== undefined) writeLimit(fs, dir, "io.bfq.weight", "io weight", io.weight);
  if (io.weight && bfq === undefined) {
    writeLimit(fs, dir, "io.weight", "io weight", blkioToIoWeight(io.weight));
  }
  // A lone number is what kernels before 5.4 show, which have no weights by device.
  if (bfq === undefined || /^\d+$/.test(bfq.trim())) return;
  for (const d of io.weightDevice ?? []) {
    if (d.weight) writeLimit(fs, dir, "io.bfq.weight", "io weight", `${deviceNumber(d)} ${d.weight}`);
  }
}

function throttle(
  fs: CgroupFs,
  dir: string,
  key: string,
  devices: readonly LinuxThrottleDevice[] = [],
): void {
  for (const d of devices) {
    writeLimit(fs, dir, "io.max", "io limit", `${deviceNumber(d)} ${key}=${d.rate}`);
  }
}

/** Where a counter of `io.stat` goes, in v1's lists and words. */
const COUNTERS: Readonly<
  Record<string, readonly ["ioServiceBytesRecursive" | "ioServicedRecursive", "Read" | "Write"]>
> = {
  rbytes: ["ioServiceBytesRecursive", "Read"],
  wbytes: ["ioServiceBytesRecursive", "Write"],
  rios: ["ioServicedRecursive", "Read"],
  wios: ["ioServicedRecursive", "Write"],
};

function readIoStat(text: string, stats: BlkioStats): void {
  for (const line of text.split("\n")) {
    const [device = "", ...items] = line.split(" ");
    const match = /^(\d+):(\d+)$/.exec(device);
    if (match === null) continue;
    for (const item of items) {
      const [key = "", value = ""] = item.split("=");
      const counter = Object.hasOwn(COUNTERS, key) ? COUNTERS[key] : undefined;
      if (counter === undefined || !/^\d+$/.test(value)) continue;
      const entry = {
        major: BigInt(match[1] ?? 0),
        minor: BigInt(match[2] ?? 0),
        op: counter[1],
        value: BigInt(value),
      };
      stats[counter[0]].push(entry);
    }
  }
}

/** The io controller. */
export const ioV2: CgroupController = {
  name: "io",
  set(fs, dir, { blockIO: io }) {
    if (io === undefined) return;
    setWeights(fs, dir, io);
    throttle(fs, dir, "rbps", io.throttleReadBpsDevice);
    throttle(fs, dir, "wbps", io.throttleWriteBpsDevice);
    throttle(fs, dir, "riops", io.throttleReadIOPSDevice);
    throttle(fs, dir, "wiops", io.throttleWriteIOPSDevice);
  },
  read(fs, dir, stats) {
    readIoStat(readOptional(fs, dir, "io.stat") ?? "", stats.blkio);
    const psi = readPsi(fs, dir, "io.pressure");
    if (psi !== undefined) stats.blkio.psi = psi;
  },
};
