/**
 * Where a stack keeps its things: everything below one root, so that several stacks live side by side.
 *
 * Unix socket paths are limited to 107 bytes (unix(7)), so the sockets sit directly below the root.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

/** The places of one stack. All absolute. */
export interface StackPaths {
  readonly root: string;
  /** Sockets, as the peers' own environment variables want them (without `unix://`). */
  readonly containerdSocket: string;
  readonly dockerSocket: string;
  readonly criSocket: string;
  /** One `<daemon>.log` each. */
  readonly logs: string;
  /** One `<daemon>.pid` each. */
  readonly pids: string;
  readonly containerdRoot: string;
  readonly containerdState: string;
  readonly dockerData: string;
  readonly dockerExec: string;
  readonly criRoot: string;
  /** What `up` decided: engine, bridge. */
  readonly settings: string;
  /** Name of the stack's bridge link, at most 15 bytes, the same for the same root. */
  readonly bridge: string;
  /** Parent cgroup of the stack's containers, absolute in every hierarchy. */
  readonly cgroup: string;
}

/** Longest root for which all sockets fit: the task service's are `<state>/s/<64 hex digits>`. Bytes. */
export const MAX_ROOT_BYTES = 32;

/**
 * The paths of the stack at `root`.
 *
 * @throws {RangeError} when the root is too long for the sockets below it.
 */
export function stackPaths(root: string): StackPaths {
  const top = resolve(root);
  if (Buffer.byteLength(top) > MAX_ROOT_BYTES)
    throw new RangeError(
      `cannot use root ${top}: longer than ${MAX_ROOT_BYTES} bytes, its sockets would not fit`,
    );
  const id = createHash("sha256").update(top).digest("hex").slice(0, 6);
  return {
    root: top,
    containerdSocket: join(top, "containerd.sock"),
    dockerSocket: join(top, "docker.sock"),
    criSocket: join(top, "cri.sock"),
    logs: join(top, "log"),
    pids: join(top, "pid"),
    containerdRoot: join(top, "data/containerd"),
    containerdState: join(top, "ctd"),
    dockerData: join(top, "data/docker"),
    dockerExec: join(top, "exec"),
    criRoot: join(top, "data/cri"),
    settings: join(top, "stack.json"),
    bridge: `rtbr${id}`,
    cgroup: `/rt-${id}`,
  };
}
