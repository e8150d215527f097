/**
 * Device access on cgroup v1: the fewest writes to `devices.allow` and `devices.deny`, none if nothing changes.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v1/devices.rst; opencontainers/cgroups devices/v1.go.
 *
 * @module
 */
import { CgroupError } from "../cgroup_error.ts";
import type { CgroupController } from "../controller.ts";
import { type DeviceState, deviceState, deviceTransition, parseDevicesList } from "../device_rules.ts";
import { readRequired, writeLimit } from "../files.ts";

function isSame(a: DeviceState, b: DeviceState): boolean {
  if (a.allowByDefault !== b.allowByDefault) return false;
  return a.allowByDefault || JSON.stringify(a.exceptions) === JSON.stringify(b.exceptions);
}

/** The devices controller. Without `resources.devices` it writes nothing: an update keeps the rules. */
export const devicesV1: CgroupController = {
  name: "devices",
  set(fs, dir, { devices }) {
    if (devices === undefined) return;
    const target = deviceState(devices);
    const lines = deviceTransition(parseDevicesList(readRequired(fs, dir, "devices.list")), target);
    for (const { allow, text } of lines) {
      writeLimit(fs, dir, allow ? "devices.allow" : "devices.deny", "device rule", text);
    }
    if (lines.length === 0 || isSame(parseDevicesList(readRequired(fs, dir, "devices.list")), target)) return;
    throw new CgroupError("INTERNAL", "resulting devices cgroup doesn't precisely match target");
  },
};
