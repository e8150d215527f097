/**
 * The boundary: everything this layer offers to the one above, in process or by gRPC.
 *
 * Whoever holds a `Containerd` cannot tell whether it is the daemon's own objects (`composeContainerd`) or a
 * connection to one (`ContainerdClient`), ours or the real one.
 *
 * @module
 */
import type { DaemonCall } from "./call.ts";
import type { Containers } from "./containers.ts";
import type { Content } from "./content.ts";
import type { Diff } from "./diff.ts";
import type { Events } from "./events.ts";
import type { Images } from "./images.ts";
import type { Introspection } from "./introspection.ts";
import type { Leases } from "./leases.ts";
import type { Namespaces } from "./namespaces.ts";
import type { Snapshots } from "./snapshots.ts";
import type { Tasks } from "./tasks.ts";

/** Version of a daemon. */
export interface VersionInfo {
  readonly version: string;
  readonly revision: string;
}

/** A containerd. */
export interface Containerd extends AsyncDisposable {
  version(call?: DaemonCall): Promise<VersionInfo>;
  readonly namespaces: Namespaces;
  readonly containers: Containers;
  readonly content: Content;
  readonly images: Images;
  readonly snapshots: Snapshots;
  readonly diff: Diff;
  readonly tasks: Tasks;
  readonly events: Events;
  readonly leases: Leases;
  readonly introspection: Introspection;
}
