/**
 * Introspection: what this daemon has.
 *
 * Source: containerd api/services/introspection/v1.
 *
 * @module
 */
import type { Platform } from "../oci.ts";
import type { DaemonCall } from "./call.ts";

/** One part of the daemon. */
export interface PluginInfo {
  /** E.g. `io.containerd.snapshotter.v1`. */
  readonly type: string;
  /** E.g. `overlayfs`. */
  readonly id: string;
  readonly requires: readonly string[];
  readonly platforms: readonly Platform[];
  /** Facts such as `root`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** Why it is not working, if it is not. */
  readonly initError?: string;
}

/** The daemon itself. */
export interface ServerInfo {
  /** Stable over restarts of the same root. */
  readonly uuid: string;
  /** 0 if the daemon does not say. */
  readonly pid: number;
  /** Inode of its pid namespace; 0 if the daemon does not say. */
  readonly pidns: number;
}

/** Introspection service. */
export interface Introspection {
  plugins(filters: readonly string[], call?: DaemonCall): Promise<readonly PluginInfo[]>;
  server(call?: DaemonCall): Promise<ServerInfo>;
}
