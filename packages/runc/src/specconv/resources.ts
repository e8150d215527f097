/**
 * Limits of a container: the configured ones, and the device rules that every container needs.
 *
 * Source: opencontainers/runc libcontainer/specconv/spec_linux.go `AllowedDevices`: any node may be made, the default
 * devices and terminals may be used.
 *
 * @module
 */
import type { LinuxDeviceCgroup, LinuxResources, Spec } from "../oci.ts";

const allow = (access: string, type: "b" | "c", major?: number, minor?: number): LinuxDeviceCgroup => ({
  allow: true,
  type,
  ...(major === undefined ? {} : { major }),
  ...(minor === undefined ? {} : { minor }),
  access,
});

/** Rules behind the configured ones. */
const ALWAYS: readonly LinuxDeviceCgroup[] = [
  allow("m", "c"),
  allow("m", "b"),
  allow("rwm", "c", 1, 3),
  allow("rwm", "c", 1, 8),
  allow("rwm", "c", 1, 7),
  allow("rwm", "c", 5, 0),
  allow("rwm", "c", 1, 5),
  allow("rwm", "c", 1, 9),
  allow("rwm", "c", 136),
  allow("rwm", "c", 5, 2),
];

/** `linux.resources` of `spec` as the cgroups get them. */
export function containerResources(spec: Spec): LinuxResources {
  const resources = spec.linux?.resources ?? {};
  return { ...resources, devices: [...(resources.devices ?? []), ...ALWAYS] };
}
