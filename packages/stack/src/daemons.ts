/**
 * The daemons of a stack, lowest first: program, flags, socket.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StackPaths } from "./paths.ts";

/** One daemon to start. */
export interface Daemon {
  /** Name of the program, of its log and of its pid file. */
  readonly name: string;
  /** Entry bundle, relative to `packages/`. */
  readonly entry: string;
  readonly args: readonly string[];
  /** The socket that answers when it is up. */
  readonly socket: string;
}

/** What `up` decides once and `status`, `down` and a second `up` read again. */
export interface StackSettings {
  /** Engine that the daemons run on. */
  readonly engine: "node" | "bun";
  /** Address of the bridge with its prefix, e.g. `172.29.0.1/16`. */
  readonly bridgeAddress: string;
}

/** The classic tree: containerd, dockerd and cri as processes of their own. */
export function daemons(paths: StackPaths, settings: StackSettings): Daemon[] {
  return [
    {
      name: "rt-containerd",
      entry: "containerd/dist/cli/main.js",
      args: [
        "--address",
        paths.containerdSocket,
        "--root",
        paths.containerdRoot,
        "--state",
        paths.containerdState,
      ],
      socket: paths.containerdSocket,
    },
    {
      name: "rt-dockerd",
      entry: "dockerd/dist/cli/main.js",
      args: [
        ...["-H", `unix://${paths.dockerSocket}`, "--containerd", paths.containerdSocket],
        ...["--data-root", paths.dockerData, "--exec-root", paths.dockerExec],
        ...["--pidfile", join(paths.pids, "dockerd.pid"), "--live-restore"],
        ...["--bridge", paths.bridge, "--bip", settings.bridgeAddress],
        ...["--cgroup-parent", paths.cgroup],
      ],
      socket: paths.dockerSocket,
    },
    {
      name: "rt-cri",
      entry: "cri/dist/cli/main.js",
      args: [
        ...["--container-runtime-endpoint", `unix://${paths.criSocket}`],
        ...["--docker-endpoint", `unix://${paths.dockerSocket}`],
        ...["--cri-dockerd-root-directory", paths.criRoot],
      ],
      socket: paths.criSocket,
    },
  ];
}

/** The command line that runs `entry` on `engine`. */
export function engineCommand(engine: StackSettings["engine"], entry: string): string[] {
  const repo = join(import.meta.dirname, "../../..");
  const script = join(repo, "packages", entry);
  if (engine === "node") {
    const own = join(repo, "node_modules/.bin/node");
    return [existsSync(own) ? own : process.execPath, "--disable-warning=ExperimentalWarning", script];
  }
  return [join(repo, "node_modules/@oven/bun-linux-x64/bin/bun"), script];
}
