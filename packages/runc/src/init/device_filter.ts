/**
 * Device rules on cgroup v2: loads the filter and attaches it to the container's cgroup, before anything is in it.
 *
 * The filter stays until the cgroup is removed. Where others are attached (to a cgroup above, or to one that is used
 * again), a device must pass each of them.
 * Source: bpf(2); opencontainers/cgroups devices/ebpf_linux.go, devices/v2.go.
 *
 * @module
 */
import {
  BPF_DEVICE,
  BPF_LICENSE,
  type BpfAttr,
  progAttachAttr,
  progLoadAttr,
} from "../cgroups/device_filter.ts";
import { canSkipDeviceFilter, deviceFilterV2 } from "../cgroups/v2/devices.ts";
import type { ProgramBuilder } from "../launch/program.ts";
import type { StructWriter } from "../launch/program_data.ts";
import type { LinuxDeviceCgroup } from "../oci.ts";
import { AT_FDCWD, O } from "./linux.ts";

function attributes(p: ProgramBuilder, { bytes }: BpfAttr): StructWriter {
  const struct = p.struct(bytes.length);
  bytes.forEach((byte, at) => {
    struct.u8(at, byte);
  });
  return struct;
}

/**
 * Emits the filter of `rules` for the cgroup at `dir`; nothing if they allow everything.
 *
 * Runs where bpf(2) is allowed, that is with CAP_BPF (or CAP_SYS_ADMIN) in the initial user namespace. A failure is
 * the container's, unless every rule allows everything of what it names, as in runc.
 */
export function emitDeviceFilter(p: ProgramBuilder, dir: string, rules: readonly LinuxDeviceCgroup[]): void {
  const filter = deviceFilterV2(rules);
  if (filter === undefined) return;
  const done = p.label();
  const failure = canSkipDeviceFilter(rules) ? { onError: done } : {};
  const bpf = (name: string, command: number, attr: StructWriter) =>
    p.sys("bpf", [command, attr.data, attr.data.length], { name, ...failure });

  const loadAttr = progLoadAttr(filter.length / 8);
  const load = attributes(p, loadAttr);
  load.pointer(loadAttr.fill.insns!, p.bytes(filter)).pointer(loadAttr.fill.license!, p.bytes(BPF_LICENSE));
  const program = bpf("load device filter", BPF_DEVICE.cmdProgLoad, load);

  const cgroup = p.sys("openat", [AT_FDCWD, p.cstring(dir), O.rdonly | O.cloexec, 0], {
    name: `open ${dir}`,
  });
  const attachAttr = progAttachAttr();
  const attach = attributes(p, attachAttr);
  p.store("u32", attach.data, attachAttr.fill.cgroup!, cgroup);
  p.store("u32", attach.data, attachAttr.fill.program!, program);
  bpf("attach device filter", BPF_DEVICE.cmdProgAttach, attach);
  p.sys("close", [program]);
  p.sys("close", [cgroup]);
  p.place(done);
}
