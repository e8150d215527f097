/**
 * Where the daemon's parts are joined: files, database, snapshotters, shims and the services over them.
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EventsReceiver } from "@rt/shim/client";
import type { Containerd, VersionInfo } from "./api/containerd.ts";
import { composeLayers } from "./compose_layers.ts";
import { type Config, VERSION } from "./config.ts";
import { containerStore } from "./containers/container_store.ts";
import { ContentStore } from "./content/content_store.ts";
import { LocalContent } from "./content/local.ts";
import { createExchange } from "./events/exchange.ts";
import { imageStore } from "./images/image_store.ts";
import { localIntrospection, type Part } from "./introspection/introspection.ts";
import { portKernel } from "./kernel.ts";
import { leaseStore } from "./leases/lease_store.ts";
import { MetadataDatabase } from "./metadata/database.ts";
import { collectGarbage } from "./metadata/gc.ts";
import { scheduleGarbageCollection } from "./metadata/gc_scheduler.ts";
import { decodeLabels } from "./metadata/labels.ts";
import { addToLease, enterNamespace, type Metadata } from "./metadata/metadata.ts";
import type { SnapshotHooks } from "./metadata/ports.ts";
import { DEFAULT_SNAPSHOTTER_LABEL, namespaceStore } from "./namespaces/namespace_store.ts";
import { type Logger, silentLogger } from "./oci.ts";
import { ShimRuntime } from "./runtime/shim_runtime.ts";
import { taskService } from "./runtime/tasks.ts";
import { containersService } from "./server/containers.ts";
import { contentService } from "./server/content.ts";
import { diffService } from "./server/diff.ts";
import { eventsService } from "./server/events.ts";
import { serveGrpc } from "./server/grpc_server.ts";
import type { ServiceHandlers } from "./server/handlers.ts";
import { imagesService } from "./server/images.ts";
import { healthService, introspectionService, versionService } from "./server/introspection.ts";
import { leasesService } from "./server/leases.ts";
import { namespacesService } from "./server/namespaces.ts";
import { snapshotsService } from "./server/snapshots.ts";
import { tasksService } from "./server/tasks.ts";

/** Options for {@linkcode composeContainerd} and {@linkcode serveContainerd}. */
export interface ComposeOptions {
  readonly log?: Logger;
}

/** A containerd in this process; shims deliver their events at `config.ttrpcAddress`. */
export async function composeContainerd(config: Config, options: ComposeOptions = {}): Promise<Containerd> {
  const log = options.log ?? silentLogger;
  await using stack = new AsyncDisposableStack();
  for (const dir of [config.root, config.state]) await mkdir(dir, { recursive: true, mode: 0o711 });
  const db = stack.use(
    new MetadataDatabase(join(config.root, "io.containerd.metadata.v1.sqlite/metadata.db")),
  );
  const kernel = stack.use(portKernel());
  const exchange = stack.use(createExchange());
  const files = new LocalContent(join(config.root, "io.containerd.content.v1.content"));
  const gc = { collect: async (): Promise<void> => {}, changed: (): void => {} };
  const metadata: Metadata = {
    db,
    publish: (namespace, event) => exchange.emit(namespace, event),
    collect: () => gc.collect(),
    changed: () => gc.changed(),
  };
  const content = new ContentStore(metadata, files);
  await content.start();
  const layers = stack.use(
    await composeLayers(config, kernel, content, snapshotHooks(config, metadata), log),
  );
  const scheduler = stack.use(
    scheduleGarbageCollection(() => collectGarbage(db, layers.catalog, content), { ...config.gc, log }),
  );
  Object.assign(gc, { collect: () => scheduler.collect(), changed: () => scheduler.changed() });
  const containers = containerStore(metadata);
  stack.use(await EventsReceiver.listen(config.ttrpcAddress, (envelope) => exchange.forward(envelope)));
  const runtime = stack.use(new ShimRuntime(config, { containers, exchange, kernel, log }));
  await runtime.load();
  const introspection = localIntrospection(
    parts(config, layers.snapshotters),
    join(config.root, "io.containerd.grpc.v1.introspection/uuid"),
  );
  const parts_ = stack.move();
  return {
    version: async (): Promise<VersionInfo> => ({ version: VERSION, revision: "" }),
    namespaces: namespaceStore(metadata, layers.catalog),
    containers,
    content,
    images: imageStore(metadata),
    snapshots: layers.snapshots,
    diff: layers.diff,
    tasks: taskService(runtime, containers),
    events: exchange,
    leases: leaseStore(metadata),
    introspection,
    [Symbol.asyncDispose]: () => parts_.disposeAsync(),
  };
}

/** A containerd in this process, served on `config.address`. */
export async function serveContainerd(config: Config, options: ComposeOptions = {}): Promise<Containerd> {
  await using stack = new AsyncDisposableStack();
  const containerd = stack.use(await composeContainerd(config, options));
  stack.use(await serveGrpc(config.address, services(containerd), options));
  const parts_ = stack.move();
  return { ...containerd, [Symbol.asyncDispose]: () => parts_.disposeAsync() };
}

/** The gRPC services over a containerd. */
export function services(containerd: Containerd): readonly ServiceHandlers[] {
  return [
    versionService(() => containerd.version()),
    healthService(),
    namespacesService(containerd.namespaces),
    containersService(containerd.containers),
    contentService(containerd.content),
    imagesService(containerd.images),
    snapshotsService(containerd.snapshots),
    diffService(containerd.diff),
    tasksService(containerd.tasks),
    eventsService(containerd.events),
    leasesService(containerd.leases),
    introspectionService(containerd.introspection),
  ];
}

function snapshotHooks(config: Config, { db, publish, changed }: Metadata): SnapshotHooks {
  return {
    defaultSnapshotter(namespace) {
      const row = db.get("SELECT labels FROM namespaces WHERE name=?", namespace);
      const label = row === undefined ? undefined : decodeLabels(row.labels)[DEFAULT_SNAPSHOTTER_LABEL];
      return label || config.defaultSnapshotter;
    },
    created(snapshotter, key, call) {
      db.transaction(() => {
        enterNamespace(db, call);
        addToLease(db, call, `snapshots/${snapshotter}`, key);
      });
    },
    removed: changed,
    publish,
  };
}

/** What is joined here, in containerd's names. */
function parts(config: Config, snapshotters: readonly string[]): Part[] {
  const dir = (type: string, id: string): string => join(config.root, `${type}.${id}`);
  const service = (id: string): Part => ({ type: "io.containerd.grpc.v1", id });
  return [
    {
      type: "io.containerd.content.v1",
      id: "content",
      exports: { root: dir("io.containerd.content.v1", "content") },
    },
    ...snapshotters.map((id) => ({
      type: "io.containerd.snapshotter.v1",
      id,
      native: true,
      exports: { root: dir("io.containerd.snapshotter.v1", id) },
    })),
    { type: "io.containerd.metadata.v1", id: "sqlite" },
    { type: "io.containerd.differ.v1", id: "walking", native: true },
    { type: "io.containerd.event.v1", id: "exchange" },
    { type: "io.containerd.gc.v1", id: "scheduler" },
    { type: "io.containerd.runtime.v2", id: "task", native: true },
    ...["containers", "content", "diff", "events", "healthcheck", "images", "introspection"].map(service),
    ...["leases", "namespaces", "snapshots", "tasks", "version"].map(service),
  ];
}
