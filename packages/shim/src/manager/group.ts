/**
 * Groups: which task service a container belongs to, and where that listens.
 *
 * The containers of one pod share a service; all others of a containerd namespace share another.
 * Source of the path: containerd pkg/shim/util_unix.go SocketAddress; of the annotations: manager/manager_linux.go.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { addClause, RtError } from "@rt/runc/oci";

/** Annotations that name a group, the first that is there counts. */
const GROUP_ANNOTATIONS = ["io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"] as const;

/** Name of the group of all containers without such an annotation; no container id looks so. */
const NAMESPACE_GROUP = "@rt";

/**
 * The group of the container in `bundle`, by the annotations of its config.json.
 *
 * @throws {RtError} `NOT_FOUND` or `INVALID_ARGUMENT` if that cannot be read.
 */
export function groupOf(bundle: string): string {
  let config: { annotations?: Readonly<Record<string, string>> };
  try {
    config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as typeof config;
  } catch (err) {
    const missing = (err as NodeJS.ErrnoException).code === "ENOENT";
    throw addClause(
      "cannot read config.json",
      new RtError(
        missing ? "NOT_FOUND" : "INVALID_ARGUMENT",
        missing ? "no such file or directory" : String(err),
      ),
    );
  }
  for (const name of GROUP_ANNOTATIONS) {
    const group = config.annotations?.[name];
    if (group !== undefined) return group;
  }
  return NAMESPACE_GROUP;
}

/** Where the service of `group` listens. */
export function groupSocket(socketDir: string, containerd: string, namespace: string, group: string): string {
  const key = posix.join(containerd, namespace, group);
  return join(socketDir, createHash("sha256").update(key).digest("hex"));
}
