/**
 * Kernel namespaces of a container: which are new, which are joined.
 *
 * Source: runtime-spec config-linux.md "Namespaces"; order of joining as opencontainers/runc
 * libcontainer/configs/namespaces_linux.go: user first, so that its owner's rights are there for the rest.
 *
 * @module
 */

import { RtError } from "@rt/oci-spec/errors";
import type { LinuxNamespace, LinuxNamespaceType } from "@rt/oci-spec/oci";
import { AT_FDCWD, CLONE, O } from "../init/linux.ts";
import type { ProgramBuilder } from "../launch/program.ts";

/** `CLONE_NEW*` of each type. */
export const NAMESPACE_FLAG: Readonly<Record<LinuxNamespaceType, number>> = {
  user: CLONE.user,
  ipc: CLONE.ipc,
  uts: CLONE.uts,
  network: CLONE.net,
  pid: CLONE.pid,
  mount: CLONE.newns,
  cgroup: CLONE.cgroup,
  time: CLONE.time,
};

/** Names of the links in /proc/PID/ns. */
export const NAMESPACE_FILE: Readonly<Record<LinuxNamespaceType, string>> = {
  user: "user",
  ipc: "ipc",
  uts: "uts",
  network: "net",
  pid: "pid",
  mount: "mnt",
  cgroup: "cgroup",
  time: "time",
};

const ORDER: readonly LinuxNamespaceType[] = [
  "user",
  "ipc",
  "uts",
  "network",
  "pid",
  "mount",
  "cgroup",
  "time",
];

/** What a configuration asks for. */
export interface NamespacePlan {
  /** Types that are made. */
  readonly created: ReadonlySet<LinuxNamespaceType>;
  /** Types that are joined, with their files, in the order of joining. */
  readonly joined: readonly (readonly [type: LinuxNamespaceType, path: string])[];
}

/**
 * Reads `linux.namespaces`.
 *
 * @throws {RtError} `INVALID_ARGUMENT` for a type that is unknown or given twice, in runc's words.
 */
export function planNamespaces(list: readonly LinuxNamespace[]): NamespacePlan {
  const created = new Set<LinuxNamespaceType>();
  const joined = new Map<LinuxNamespaceType, string>();
  for (const { type, path = "" } of list) {
    if (NAMESPACE_FLAG[type] === undefined) {
      throw new RtError(
        "INVALID_ARGUMENT",
        `namespace {${JSON.stringify(type)} ${JSON.stringify(path)}} does not exist`,
      );
    }
    if (created.has(type) || joined.has(type)) {
      throw new RtError(
        "INVALID_ARGUMENT",
        `malformed spec file: duplicated ns {${JSON.stringify(type)} ${JSON.stringify(path)}}`,
      );
    }
    if (path === "") created.add(type);
    else joined.set(type, path);
  }
  return {
    created,
    joined: ORDER.flatMap((type) => (joined.has(type) ? [[type, joined.get(type)!] as const] : [])),
  };
}

/** Flags for the clone that makes the container's process; a cgroup or time namespace is made by unshare. */
export function cloneFlags(plan: NamespacePlan): number {
  let flags = 0;
  for (const type of plan.created) if (type !== "cgroup" && type !== "time") flags |= NAMESPACE_FLAG[type];
  return flags;
}

/** Emits the joining of namespaces by path; all are opened before the first is joined. */
export function emitJoin(p: ProgramBuilder, joined: NamespacePlan["joined"]): void {
  const opened = joined.map(([type, path]) => {
    const name = `open ${type} namespace ${path}`;
    return [
      type,
      path,
      p.sys("openat", [AT_FDCWD, p.cstring(path), O.rdonly | O.cloexec, 0], { name }),
    ] as const;
  });
  for (const [type, path, fd] of opened) {
    p.sys("setns", [fd, NAMESPACE_FLAG[type]], { name: `join ${type} namespace ${path}` });
    p.sys("close", [fd]);
  }
}
