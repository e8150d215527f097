/**
 * Sysctls of a container: which namespace owns a kernel parameter, and its file below /proc/sys.
 *
 * Only parameters that belong to one of the container's own namespaces may be set; every other one is the host's.
 *
 * Source: runtime-spec 1.3.0 `config-linux.md` section "Sysctl"; the sets and texts as in runc
 * `libcontainer/configs/validate/validator.go`; spelling as in sysctl(8).
 *
 * @module
 */
import { show } from "./problem.ts";

const ipcKeys =
  /^kernel\/(?:msgmax|msgmnb|msgmni|msg_next_id|sem|sem_next_id|shmall|shmmax|shmmni|shm_next_id|shm_rmid_forced|auto_msgmni)$/;

/**
 * File of a parameter below /proc/sys, e.g. `net/ipv4/ip_forward`; undefined if `key` is no parameter's name.
 *
 * The first separator decides the spelling: in `net.ipv4.conf.eth0/1.x` a slash stands for a dot, in
 * `net/ipv4/conf/eth0.1/x` a dot is a dot. The file never leaves /proc/sys.
 */
export function sysctlFile(key: string): string | undefined {
  const separator = /[./]/.exec(key)?.[0];
  const file = separator === "." ? key.replace(/[./]/g, (c) => (c === "." ? "/" : ".")) : key;
  const ok = file.length < 1024 && /^[A-Za-z0-9_\-.:@/]+$/.test(file) && file.includes("/");
  return ok && file.split("/").every((part) => part !== "" && part !== "." && part !== "..")
    ? file
    : undefined;
}

/** What is wrong with setting `key` in a container that has the kernel namespaces which `has` knows. */
export function sysctlFault(key: string, has: (namespace: string) => boolean): string | undefined {
  const file = sysctlFile(key);
  if (file === undefined) return `must be the name of a kernel parameter, is ${show(key)}`;
  if (file === "kernel/hostname") return 'is not allowed as it conflicts with the OCI "hostname" field';
  const owner = sysctlNamespace(file);
  if (owner === undefined) return "is not in a separate kernel namespace";
  return has(owner) ? undefined : `needs ${owner === "ipc" ? "an" : "a"} ${owner} namespace`;
}

/** Kind of kernel namespace that owns the parameter in `file`; undefined if none does. */
export function sysctlNamespace(file: string): "ipc" | "network" | "uts" | "user" | undefined {
  if (file.startsWith("net/")) return "network";
  if (file.startsWith("fs/mqueue/") || ipcKeys.test(file)) return "ipc";
  if (file === "kernel/domainname" || file === "kernel/hostname") return "uts";
  return file.startsWith("user/") ? "user" : undefined;
}
