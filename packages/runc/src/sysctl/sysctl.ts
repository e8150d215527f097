/**
 * Kernel parameters of a container: which may be set, and where their files are.
 *
 * A parameter is only accepted if a namespace of the container's own confines it; anything else would change the host.
 * Source: opencontainers/runc libcontainer/configs/validate/validator.go `sysctl`; sysctl.d(5) on separators.
 *
 * @module
 */
import { RtError } from "@rt/oci-spec/errors";

/** Which kernel namespaces the container has for itself. */
export interface OwnNamespaces {
  readonly ipc: boolean;
  /** Neither absent nor a path to the network namespace of the caller. */
  readonly network: boolean;
  readonly uts: boolean;
  readonly user: boolean;
}

/** One file to write below `/proc/sys`, once `/proc` is known to be procfs. */
export interface SysctlWrite {
  /** Key as the configuration has it. */
  readonly key: string;
  /** Path relative to `/proc/sys`, e.g. `net/ipv4/ip_forward`. */
  readonly path: string;
  readonly value: string;
}

const IPC_KEYS: ReadonlySet<string> = new Set(
  (
    "kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni " +
    "kernel.shm_rmid_forced"
  ).split(" "),
);

/**
 * The key in its form with dots between the parts. A key whose first separator is a slash has the two characters
 * exchanged (`net/ipv4/conf/eth0.1/x` is `net.ipv4.conf.eth0/1.x`).
 */
export function dottedSysctl(key: string): string {
  const first = key.search(/[./]/);
  if (first < 0 || key[first] === ".") return key;
  return key.replace(/[./]/g, (c) => (c === "." ? "/" : "."));
}

/** Path below `/proc/sys` of a key in either form. */
export function sysctlPath(key: string): string {
  return dottedSysctl(key).replace(/[./]/g, (c) => (c === "." ? "/" : "."));
}

/** Why the container may not set `key`, in runc's words; undefined if it may. */
export function sysctlRefusal(key: string, own: OwnNamespaces): string | undefined {
  const name = dottedSysctl(key);
  if (IPC_KEYS.has(name) || name.startsWith("fs.mqueue.")) {
    return own.ipc ? undefined : `sysctl "${name}" is not allowed in the hosts ipc namespace`;
  }
  if (name.startsWith("net.")) {
    return own.network ? undefined : `sysctl "${name}" not allowed in host network namespace`;
  }
  if (own.uts && name === "kernel.domainname") return undefined;
  if (own.uts && name === "kernel.hostname") {
    return `sysctl "${name}" is not allowed as it conflicts with the OCI "hostname" field`;
  }
  if (name.startsWith("user.")) {
    return own.user ? undefined : `setting ucounts without a user namespace not allowed: ${name}`;
  }
  return `sysctl "${name}" is not in a separate kernel namespace`;
}

/**
 * The files to write for `linux.sysctl`, in the order given.
 *
 * @throws {RtError} `INVALID_ARGUMENT` if a key may not be set, or is not a path that stays below `/proc/sys`.
 */
export function resolveSysctls(sysctl: Readonly<Record<string, string>>, own: OwnNamespaces): SysctlWrite[] {
  return Object.entries(sysctl).map(([key, value]) => {
    const refusal = sysctlRefusal(key, own);
    if (refusal !== undefined) throw new RtError("INVALID_ARGUMENT", refusal);
    const path = sysctlPath(key);
    if (path.includes("\0") || path.split("/").some((part) => part === "" || part === "." || part === "..")) {
      throw new RtError("INVALID_ARGUMENT", `cannot set sysctl "${key}": not a valid key`);
    }
    return { key, path, value };
  });
}
