/**
 * The machines: which kernel, which root, which processor; and the command line of qemu for each.
 *
 * @module
 */
import type { DebianArch } from "./debian.ts";

/** Names of machines. */
export type MachineName = "cgroup2-x64" | "cgroup2-arm64" | "systemd-x64";

/** What a machine is made of. */
export interface Machine {
  readonly name: MachineName;
  /** What it is for. */
  readonly summary: string;
  readonly arch: DebianArch;
  /** The emulator. */
  readonly qemu: string;
  /** Debian package of the emulator. */
  readonly qemuPackage: string;
  /** Arguments for board and processor. */
  readonly board: readonly string[];
  /** What becomes the guest's first process. */
  readonly init: "shell" | "systemd";
  /** Device of the first serial port, as the kernel names it. */
  readonly console: string;
  /** Memory. MiB. */
  readonly memoryMb: number;
}

/** Every machine. */
export const MACHINES: readonly Machine[] = [
  {
    name: "cgroup2-x64",
    summary: "cgroup v2 alone, x86-64",
    arch: "amd64",
    qemu: "qemu-system-x86_64",
    qemuPackage: "qemu-system-x86",
    board: ["-machine", "q35,accel=tcg", "-cpu", "max"],
    init: "shell",
    console: "ttyS0",
    memoryMb: 1024,
  },
  {
    name: "cgroup2-arm64",
    summary: "cgroup v2 alone, arm64",
    arch: "arm64",
    qemu: "qemu-system-aarch64",
    qemuPackage: "qemu-system-arm",
    board: ["-machine", "virt,accel=tcg", "-cpu", "max,pauth-impdef=on,sve=off"],
    init: "shell",
    console: "ttyAMA0",
    memoryMb: 1024,
  },
  {
    name: "systemd-x64",
    summary: "cgroup v2 alone, systemd as init, x86-64",
    arch: "amd64",
    qemu: "qemu-system-x86_64",
    qemuPackage: "qemu-system-x86",
    board: ["-machine", "q35,accel=tcg", "-cpu", "max"],
    init: "systemd",
    console: "ttyS0",
    memoryMb: 1024,
  },
];

/** A folder of the host that the guest sees. */
export interface SharedFolder {
  readonly tag: string;
  /** Where it is here. */
  readonly source: string;
  /** Where it is in the guest. */
  readonly target: string;
}

/** What one start of a machine needs. */
export interface StartRequest {
  readonly kernel: string;
  readonly initramfs: string;
  /** File that takes the kernel's messages. */
  readonly consoleLog: string;
  readonly folders: readonly SharedFolder[];
}

/** qemu's arguments; the command's output comes on its stdout. */
export function qemuArguments(machine: Machine, request: StartRequest): string[] {
  const quote = (path: string): string => path.replaceAll(",", ",,");
  const kernelArguments = [
    `console=${machine.console}`,
    "loglevel=4",
    "panic=-1",
    "cgroup_no_v1=all",
    "mitigations=off",
    "random.trust_cpu=on",
    "nowatchdog",
  ];
  return [
    ...machine.board,
    ...["-smp", "1", "-m", String(machine.memoryMb)],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-kernel", request.kernel, "-initrd", request.initramfs, "-append", kernelArguments.join(" ")],
    ...["-serial", `file:${request.consoleLog}`],
    ...["-device", "virtio-serial-pci", "-chardev", "stdio,id=out,signal=off"],
    ...["-device", "virtserialport,chardev=out,name=rt.out"],
    ...request.folders.flatMap(({ tag, source }) => [
      ...["-fsdev", `local,id=${tag},path=${quote(source)},security_model=none,readonly=on,multidevs=remap`],
      ...["-device", `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
    ]),
  ];
}
