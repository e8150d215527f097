/**
 * Device access on cgroup v2: what the launch program must load and attach.
 *
 * @module
 */
import type { LinuxDeviceCgroup } from "../../oci.ts";
import { compileDeviceFilter } from "../device_filter.ts";
import { deviceState, isAllowAll } from "../device_rules.ts";

/** The filter of a list of rules; undefined if it would allow everything, so that none is needed. */
export function deviceFilterV2(rules: readonly LinuxDeviceCgroup[]): Uint8Array | undefined {
  const state = deviceState(rules);
  return isAllowAll(state) ? undefined : compileDeviceFilter(state);
}

/**
 * Whether failing to load the filter may be ignored: every rule allows everything of what it names, as in runc.
 *
 * Source: opencontainers/cgroups devices/v2.go `canSkipEBPFError`.
 */
export function canSkipDeviceFilter(rules: readonly LinuxDeviceCgroup[]): boolean {
  return rules.every((r) => r.allow && [..."rwm"].every((letter) => r.access?.includes(letter)));
}
