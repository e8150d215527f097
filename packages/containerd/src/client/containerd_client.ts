/**
 * ContainerdClient: the boundary over gRPC on a unix socket; the daemon may be ours or the real one.
 *
 * @module
 */
import { connect as connectSocket } from "node:net";
import { createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { DaemonCall } from "../api/call.ts";
import type { Containerd, VersionInfo } from "../api/containerd.ts";
import type { Containers } from "../api/containers.ts";
import type { Content } from "../api/content.ts";
import type { Diff } from "../api/diff.ts";
import type { Events } from "../api/events.ts";
import { Version } from "../api/gen/containerd/services/version/v1/version_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../api/gen/grpc/health/v1/health_pb.ts";
import type { Images } from "../api/images.ts";
import type { Introspection } from "../api/introspection.ts";
import type { Leases } from "../api/leases.ts";
import type { Namespaces } from "../api/namespaces.ts";
import type { Snapshots } from "../api/snapshots.ts";
import type { Tasks } from "../api/tasks.ts";
import { callOptions, unary } from "./call.ts";
import { containersClient } from "./containers.ts";
import { contentClient } from "./content.ts";
import { diffClient } from "./diff.ts";
import { eventsClient } from "./events.ts";
import { imagesClient } from "./images.ts";
import { introspectionClient } from "./introspection.ts";
import { leasesClient } from "./leases.ts";
import { namespacesClient } from "./namespaces.ts";
import { snapshotsClient } from "./snapshots.ts";
import { tasksClient } from "./tasks.ts";

/** Where the daemon is. */
export interface ContainerdClientOptions {
  /** Path of its unix socket, with or without `unix://` in front. */
  readonly address: string;
}

/**
 * Talks to a containerd.
 *
 * @example
 * ```ts ignore
 * await using containerd = new ContainerdClient({ address: "/run/containerd/containerd.sock" });
 * for await (const c of containerd.containers.list([], { namespace: "default" })) process.stdout.write(`${c.id}\n`);
 * ```
 */
export class ContainerdClient implements Containerd {
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
  readonly #transport: Transport;
  readonly #session: Http2SessionManager;

  /** Connects on the first call, and again whenever the connection was lost. */
  constructor(options: ContainerdClientOptions) {
    const path = options.address.replace(/^unix:\/\//, "");
    const baseUrl = "http://localhost";
    this.#session = new Http2SessionManager(baseUrl, undefined, {
      createConnection: () => connectSocket(path),
    });
    this.#transport = createGrpcTransport({ baseUrl, sessionManager: this.#session, acceptCompression: [] });
    this.namespaces = namespacesClient(this.#transport);
    this.containers = containersClient(this.#transport);
    this.content = contentClient(this.#transport);
    this.images = imagesClient(this.#transport);
    this.snapshots = snapshotsClient(this.#transport);
    this.diff = diffClient(this.#transport);
    this.tasks = tasksClient(this.#transport);
    this.events = eventsClient(this.#transport);
    this.leases = leasesClient(this.#transport);
    this.introspection = introspectionClient(this.#transport);
  }

  /** @throws {RtError} `UNAVAILABLE` if nobody answers. */
  async version(call?: DaemonCall): Promise<VersionInfo> {
    const { version, revision } = await unary(
      createClient(Version, this.#transport).version({}, callOptions(call)),
    );
    return { version, revision };
  }

  /** Whether the daemon says that it serves (`grpc.health.v1`). */
  async serving(call?: DaemonCall): Promise<boolean> {
    const { status } = await unary(createClient(Health, this.#transport).check({}, callOptions(call)));
    return status === HealthCheckResponse_ServingStatus.SERVING;
  }

  /** Closes the connection; calls under way end with `CANCELED`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.abort();
  }
}
