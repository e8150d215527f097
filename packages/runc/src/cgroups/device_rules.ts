/**
 * What a list of device rules comes to, and the fewest writes that turn one such state into another.
 *
 * A state is a default (allow or deny) and exceptions to it. It is what cgroup v1 keeps, with one hardening, as in
 * runc: a rule that would punch a hole into a wider exception is refused, since the kernel would ignore it silently.
 * Source: Linux Documentation/admin-guide/cgroup-v1/devices.rst; opencontainers/cgroups devices/devices_emulator.go.
 *
 * @module
 */
import type { LinuxDeviceCgroup } from "../oci.ts";
import { CgroupError } from "./cgroup_error.ts";

/** Kinds of device an exception can name. */
export type DeviceKind = "b" | "c";

/** One exception: bits of access for the devices it matches. */
export interface DeviceException {
  readonly kind: DeviceKind;
  /** -1 is any. */
  readonly major: number;
  /** -1 is any. */
  readonly minor: number;
  /** 1 read, 2 write, 4 mknod. */
  readonly access: number;
}

/** What is allowed: everything or nothing, but for the exceptions, which are sorted. */
export interface DeviceState {
  readonly allowByDefault: boolean;
  readonly exceptions: readonly DeviceException[];
}

/** One line for `devices.allow` or `devices.deny`. */
export interface DeviceLine {
  readonly allow: boolean;
  readonly text: string;
}

const LETTERS = "rwm";
const EVERY = 7;

function accessBits(access: string): number {
  let bits = 0;
  for (const letter of access) {
    const bit = LETTERS.indexOf(letter);
    if (bit < 0) throw new CgroupError("INVALID_ARGUMENT", `unknown device access ${letter}`);
    bits |= 1 << bit;
  }
  return bits;
}

function accessText(bits: number): string {
  return [...LETTERS].filter((_, i) => bits & (1 << i)).join("");
}

const keyOf = (d: { kind: string; major: number; minor: number }): string =>
  `${d.kind} ${d.major}:${d.minor}`;

/** Order of writes: by major, minor, kind, any before numbers. */
function compare(a: DeviceException, b: DeviceException): number {
  return a.major - b.major || a.minor - b.minor || (a.kind < b.kind ? -1 : Number(a.kind > b.kind));
}

/** State under construction. */
class DraftState {
  allowByDefault = false;
  readonly exceptions: Map<string, DeviceException> = new Map();

  reset(allow: boolean): void {
    this.allowByDefault = allow;
    this.exceptions.clear();
  }

  apply(rule: DeviceException, allow: boolean): void {
    if (allow === this.allowByDefault) this.#remove(rule);
    else this.#add(rule);
  }

  #add(rule: DeviceException): void {
    const key = keyOf(rule);
    const access = rule.access | (this.exceptions.get(key)?.access ?? 0);
    this.exceptions.set(key, { ...rule, access });
  }

  #remove(rule: DeviceException): void {
    const key = keyOf(rule);
    for (const [major, minor] of [
      [-1, rule.minor],
      [rule.major, -1],
      [-1, -1],
    ] as const) {
      const wider = this.exceptions.get(keyOf({ kind: rule.kind, major, minor }));
      if (wider === undefined || keyOf(wider) === key || (wider.access & rule.access) === 0) continue;
      throw new CgroupError(
        "INVALID_ARGUMENT",
        `cannot set device rule ${lineText(rule)}: cannot punch hole in existing wildcard rule ${lineText(wider)}`,
      );
    }
    const access = (this.exceptions.get(key)?.access ?? 0) & ~rule.access;
    if (access === 0) this.exceptions.delete(key);
    else this.exceptions.set(key, { ...rule, access });
  }

  done(): DeviceState {
    return { allowByDefault: this.allowByDefault, exceptions: [...this.exceptions.values()].sort(compare) };
  }
}

/**
 * The state that a list of rules leads to, starting from deny-all.
 *
 * @throws {CgroupError} `INVALID_ARGUMENT` for an unknown type, empty or unknown access, or a hole in a wildcard.
 */
export function deviceState(rules: readonly LinuxDeviceCgroup[]): DeviceState {
  const state = new DraftState();
  rules.forEach((rule, i) => {
    if (rule.access === undefined || rule.access === "") {
      throw new CgroupError("INVALID_ARGUMENT", `device access at ${i} field cannot be empty`);
    }
    const access = accessBits(rule.access);
    const kind: string = rule.type || "a";
    if (kind === "a") state.reset(rule.allow);
    else if (kind === "b" || kind === "c") {
      const exception = { kind, major: rule.major ?? -1, minor: rule.minor ?? -1, access } as const;
      state.apply(exception, rule.allow);
    } else throw new CgroupError("INVALID_ARGUMENT", `invalid device type "${kind}"`);
  });
  return state.done();
}

/**
 * The state that `devices.list` shows. Of an allow-by-default cgroup the kernel does not show the exceptions.
 *
 * @throws {CgroupError} `INTERNAL` for a line that is not of the kernel's form.
 */
export function parseDevicesList(text: string): DeviceState {
  const state = new DraftState();
  for (const line of text.split("\n").filter(Boolean)) {
    const match = /^([abc]) (\*|\d+):(\*|\d+) ([rwm]+)$/.exec(line);
    if (match === null)
      throw new CgroupError("INTERNAL", `cannot read devices.list: malformed line "${line}"`);
    const [, kind, major, minor, access = ""] = match;
    const number = (field: string | undefined): number => (field === "*" ? -1 : Number(field));
    if (kind === "a") state.reset(true);
    else if (kind === "b" || kind === "c") {
      state.apply({ kind, major: number(major), minor: number(minor), access: accessBits(access) }, true);
    }
  }
  return state.done();
}

function lineText(d: DeviceException): string {
  const number = (n: number): string => (n < 0 ? "*" : String(n));
  return `${d.kind} ${number(d.major)}:${number(d.minor)} ${accessText(d.access)}`;
}

/**
 * The lines that lead from one state to another; none if they are equal and known.
 *
 * From allow-by-default, whose exceptions are unknown, a reset comes first: it interrupts access for a moment.
 */
export function deviceTransition(from: DeviceState, to: DeviceState): DeviceLine[] {
  const reset = from.allowByDefault || from.allowByDefault !== to.allowByDefault;
  const lines: DeviceLine[] = reset ? [{ allow: to.allowByDefault, text: "a *:* rwm" }] : [];
  const before = new Map((reset ? [] : from.exceptions).map((e) => [keyOf(e), e]));
  const after = new Map(to.exceptions.map((e) => [keyOf(e), e]));
  for (const [key, old] of before) {
    const access = old.access & ~(after.get(key)?.access ?? 0);
    if (access !== 0) lines.push({ allow: to.allowByDefault, text: lineText({ ...old, access }) });
  }
  for (const [key, wanted] of after) {
    const access = wanted.access & ~(before.get(key)?.access ?? 0);
    if (access !== 0) lines.push({ allow: !to.allowByDefault, text: lineText({ ...wanted, access }) });
  }
  return lines;
}

/** Whether a state allows an access; the direct reading that a compiled filter must agree with. */
export function isDeviceAllowed(
  state: DeviceState,
  kind: DeviceKind,
  major: number,
  minor: number,
  access: number,
): boolean {
  const hit = state.exceptions.some(
    (e) =>
      e.kind === kind &&
      (e.major < 0 || e.major === major) &&
      (e.minor < 0 || e.minor === minor) &&
      (state.allowByDefault ? (e.access & access) !== 0 : (e.access & access) === access),
  );
  return hit !== state.allowByDefault;
}

/** Whether the state allows every device. */
export function isAllowAll(state: DeviceState): boolean {
  return state.allowByDefault && state.exceptions.length === 0;
}

/** Bits of full access. */
export const DEVICE_ACCESS_ALL: number = EVERY;

const device = (type: "b" | "c", major: number, minor: number, access: string): LinuxDeviceCgroup => ({
  allow: true,
  type,
  ...(major < 0 ? {} : { major }),
  ...(minor < 0 ? {} : { minor }),
  access,
});

/**
 * Rules that every container gets after its own: mknod of anything, and access to the default devices and ptys.
 *
 * Source: opencontainers/runc libcontainer/specconv/spec_linux.go `AllowedDevices`.
 */
export const DEFAULT_DEVICE_RULES: readonly LinuxDeviceCgroup[] = [
  device("c", -1, -1, "m"),
  device("b", -1, -1, "m"),
  device("c", 1, 3, "rwm"),
  device("c", 1, 8, "rwm"),
  device("c", 1, 7, "rwm"),
  device("c", 5, 0, "rwm"),
  device("c", 1, 5, "rwm"),
  device("c", 1, 9, "rwm"),
  device("c", 136, -1, "rwm"),
  device("c", 5, 2, "rwm"),
];
