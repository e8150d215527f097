/**
 * Capabilities of containers: Docker's 14 defaults, and what `CapAdd` and `CapDrop` make of them.
 *
 * Source: moby `daemon/pkg/oci/caps/defaults.go`, `utils.go`.
 *
 * @module
 */
import { InvalidParameterError } from "../errors.ts";

/** What a container has if nobody says. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

/** Every capability of Linux, by number. */
export const ALL_CAPABILITIES: readonly string[] = (
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
)
  .split(" ")
  .map((name) => `CAP_${name}`);

/** The capabilities in a mask such as `/proc/self/status` shows. */
export function capabilitiesOf(mask: string): string[] {
  const bits = BigInt(`0x${mask || "0"}`);
  return ALL_CAPABILITIES.filter((_name, i) => ((bits >> BigInt(i)) & 1n) === 1n);
}

/** A capability's full name; `ALL` stays. @throws {InvalidParameterError} with Docker's text for an unknown one. */
function normalize(name: string): string {
  const upper = name.toUpperCase();
  if (upper === "ALL") return upper;
  const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(full))
    throw new InvalidParameterError(`unknown capability: ${JSON.stringify(full)}`);
  return full;
}

/** The capabilities of a container. @throws {InvalidParameterError} for an unknown one. */
export function containerCapabilities(request: {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
  /** What the engine has itself and can give: all that `ALL` and privileged mean. */
  readonly available: readonly string[];
}): string[] {
  const add = request.add.map(normalize);
  const drop = request.drop.map(normalize);
  if (request.privileged) return [...request.available];
  const base = add.includes("ALL") ? request.available : drop.includes("ALL") ? [] : DEFAULT_CAPABILITIES;
  const kept = base.filter((name) => !drop.includes(name));
  for (const name of add) if (name !== "ALL" && !kept.includes(name)) kept.push(name);
  return kept;
}
