/**
 * Limits of the OCI spec from a HostConfig.
 *
 * Source: moby `daemon/daemon_unix.go` getMemoryResources, getCPUResources, getBlkio…; `daemon/oci_linux.go`
 * WithDevices.
 *
 * @module
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DeviceMapping, HostConfig, ThrottleDevice } from "../api/types/index.ts";
import { InvalidParameterError, RtError } from "../errors.ts";
import type { LinuxDevice, LinuxDeviceCgroup, LinuxResources } from "../oci.ts";

/** Period of the CPU quota that `--cpus` uses. Microseconds. */
const CPU_PERIOD = 100_000;

/** Least memory limit. Bytes. */
const MIN_MEMORY = 6 * 1024 * 1024;

/** Major and minor number of a device file. */
function numbers(rdev: number): { major: number; minor: number } {
  const value = BigInt(rdev);
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n)),
    minor: Number((value & 0xffn) | ((value >> 12n) & 0xffffff00n)),
  };
}

/** Devices of the base list: null, zero, full, random, urandom, tty, console. */
function baseRules(): LinuxDeviceCgroup[] {
  const allow = (major: number, minor: number): LinuxDeviceCgroup => ({
    allow: true,
    type: "c",
    major,
    minor,
    access: "rwm",
  });
  return [
    { allow: false, access: "rwm" },
    ...[5, 3, 9, 8, 7].map((minor) => allow(1, minor)),
    allow(5, 0),
    allow(5, 1),
    { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
  ];
}

/** A device of the host, or all below a directory. @throws {RtError} with Docker's text if it is not there. */
function hostDevices(mapping: DeviceMapping): { device: LinuxDevice; rule: LinuxDeviceCgroup }[] {
  const describe = (
    from: string,
    to: string,
  ): { device: LinuxDevice; rule: LinuxDeviceCgroup } | undefined => {
    const stat = lstatSync(from);
    if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return undefined;
    const type = stat.isBlockDevice() ? "b" : "c";
    const { major, minor } = numbers(stat.rdev);
    return {
      device: { path: to, type, major, minor, fileMode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid },
      rule: { allow: true, type, major, minor, access: mapping.CgroupPermissions || "rwm" },
    };
  };
  const target = mapping.PathInContainer || mapping.PathOnHost;
  try {
    if (lstatSync(mapping.PathOnHost).isDirectory()) {
      return readdirSync(mapping.PathOnHost)
        .map((name) => describe(join(mapping.PathOnHost, name), join(target, name)))
        .filter((found) => found !== undefined);
    }
    const found = describe(mapping.PathOnHost, target);
    if (found !== undefined) return [found];
  } catch (cause) {
    const text = `error gathering device information while adding custom device ${JSON.stringify(mapping.PathOnHost)}: no such file or directory`;
    throw new RtError("UNKNOWN", text, { cause });
  }
  throw new RtError(
    "UNKNOWN",
    `error gathering device information while adding custom device ${JSON.stringify(mapping.PathOnHost)}: not a device node`,
  );
}

/** All devices of the host, for a privileged container. */
function everyDevice(): LinuxDevice[] {
  const found: LinuxDevice[] = [];
  const walk = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) {
        if (!["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"].includes(entry.name)) walk(path);
      } else if ((entry.isCharacterDevice() || entry.isBlockDevice()) && entry.name !== "console") {
        found.push(
          ...hostDevices({ PathOnHost: path, PathInContainer: path, CgroupPermissions: "rwm" }).map(
            (d) => d.device,
          ),
        );
      }
    }
  };
  walk("/dev");
  return found;
}

/** Devices of a container and the rules of its device cgroup. */
export function specDevices(host: HostConfig): { devices: LinuxDevice[]; rules: LinuxDeviceCgroup[] } {
  if (host.Privileged) return { devices: everyDevice(), rules: [{ allow: true, access: "rwm" }] };
  const asked = (host.Devices ?? []).flatMap(hostDevices);
  const written = (host.DeviceCgroupRules ?? []).map((text): LinuxDeviceCgroup => {
    const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text);
    if (match === null) throw new InvalidParameterError(`invalid device cgroup rule format: '${text}'`);
    const number = (part: string): number => (part === "*" ? -1 : Number(part));
    return {
      allow: true,
      type: match[1] as "a",
      major: number(match[2]!),
      minor: number(match[3]!),
      access: match[4]!,
    };
  });
  return {
    devices: asked.map((d) => d.device),
    rules: [...baseRules(), ...asked.map((d) => d.rule), ...written],
  };
}

/** Throttles by device. */
function throttles(
  list: readonly ThrottleDevice[] | null | undefined,
): { major: number; minor: number; rate: number }[] {
  return (list ?? []).map(({ Path, Rate }) => ({ ...numbers(lstatSync(Path).rdev), rate: Rate }));
}

/** Limits without devices: also what `update` sends. */
export function specLimits(host: HostConfig): LinuxResources {
  const limits: LinuxResources = {};
  const memory: NonNullable<LinuxResources["memory"]> = {};
  if (host.Memory) memory.limit = host.Memory;
  if (host.MemoryReservation) memory.reservation = host.MemoryReservation;
  if (host.MemorySwap) memory.swap = host.MemorySwap;
  if (host.MemorySwappiness !== undefined && host.MemorySwappiness !== null && host.MemorySwappiness >= 0) {
    memory.swappiness = host.MemorySwappiness;
  }
  if (host.OomKillDisable) memory.disableOOMKiller = true;
  if (Object.keys(memory).length > 0) limits.memory = memory;

  const cpu: NonNullable<LinuxResources["cpu"]> = {};
  if (host.CpuShares) cpu.shares = host.CpuShares;
  if (host.NanoCpus) {
    cpu.period = CPU_PERIOD;
    cpu.quota = Math.round((host.NanoCpus * CPU_PERIOD) / 1e9);
  }
  if (host.CpuPeriod) cpu.period = host.CpuPeriod;
  if (host.CpuQuota) cpu.quota = host.CpuQuota;
  if (host.CpuRealtimePeriod) cpu.realtimePeriod = host.CpuRealtimePeriod;
  if (host.CpuRealtimeRuntime) cpu.realtimeRuntime = host.CpuRealtimeRuntime;
  if (host.CpusetCpus) cpu.cpus = host.CpusetCpus;
  if (host.CpusetMems) cpu.mems = host.CpusetMems;
  if (Object.keys(cpu).length > 0) limits.cpu = cpu;

  if (host.PidsLimit !== undefined && host.PidsLimit !== null && host.PidsLimit > 0) {
    limits.pids = { limit: host.PidsLimit };
  }
  const block: NonNullable<LinuxResources["blockIO"]> = {};
  if (host.BlkioWeight) block.weight = host.BlkioWeight;
  if (host.BlkioDeviceReadBps?.length) block.throttleReadBpsDevice = throttles(host.BlkioDeviceReadBps);
  if (host.BlkioDeviceWriteBps?.length) block.throttleWriteBpsDevice = throttles(host.BlkioDeviceWriteBps);
  if (host.BlkioDeviceReadIOps?.length) block.throttleReadIOPSDevice = throttles(host.BlkioDeviceReadIOps);
  if (host.BlkioDeviceWriteIOps?.length) block.throttleWriteIOPSDevice = throttles(host.BlkioDeviceWriteIOps);
  if (Object.keys(block).length > 0) limits.blockIO = block;
  return limits;
}

/** Refuses limits that contradict each other. @throws {InvalidParameterError} with Docker's text. */
export function checkLimits(host: HostConfig, cpus: number): void {
  const refuse = (text: string): never => {
    throw new InvalidParameterError(text);
  };
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, NanoCpus = 0 } = host;
  if (Memory !== 0 && Memory < MIN_MEMORY) refuse("Minimum memory limit allowed is 6MB");
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (Memory === 0 && MemorySwap > 0) {
    refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (MemoryReservation > 0 && MemoryReservation < MIN_MEMORY) {
    refuse("Minimum memory reservation allowed is 6MB");
  }
  if (Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation) {
    refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  if (NanoCpus > 0 && (host.CpuPeriod || host.CpuQuota)) {
    refuse(
      `Conflicting options: Nano CPUs and CPU ${host.CpuPeriod ? "Period" : "Quota"} cannot both be set.`,
    );
  }
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9) {
    refuse(`Range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`);
  }
  if (host.OomScoreAdj !== undefined && (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000)) {
    refuse(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
}
