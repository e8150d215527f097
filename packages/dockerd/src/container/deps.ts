/**
 * What the operations on containers need.
 *
 * @module
 */
import type { Containerd } from "@rt/containerd/api";
import type { RuntimeInfo } from "../api/types/index.ts";
import type { EngineConfig } from "../config.ts";
import type { EventHub } from "../events/hub.ts";
import type { ImageStore } from "../image/store.ts";
import type { Kernel } from "../kernel.ts";
import type { NetworkController } from "../network/network.ts";
import type { Logger } from "../oci.ts";
import type { HostFacts } from "../system/host_facts.ts";
import type { NanoClock } from "../time.ts";
import type { VolumeStore } from "../volume/volumes.ts";
import type { Probe } from "./health.ts";
import { bareName, type Container } from "./record.ts";
import type { ContainerStore } from "./store.ts";
import { type ContainerPaths, pathsOf } from "./view.ts";

/** Everything around containers. */
export interface ContainerDeps {
  readonly containerd: Containerd;
  readonly config: EngineConfig;
  readonly runtimes: Readonly<Record<string, RuntimeInfo>>;
  readonly defaultRuntime: string;
  readonly facts: HostFacts;
  readonly store: ContainerStore;
  readonly images: ImageStore;
  readonly volumes: VolumeStore;
  readonly networks: NetworkController;
  readonly events: EventHub;
  readonly kernel: Kernel;
  /** Runs a health check. */
  readonly probe: Probe;
  readonly clock: NanoClock;
  /** Whether the engine is shutting down: nothing is restarted then. */
  readonly stopping: () => boolean;
  readonly log: Logger;
}

/** The files of a container. */
export function containerPaths(deps: ContainerDeps, container: Container): ContainerPaths {
  return pathsOf(deps.store.dirOf(container.id), container.id);
}

/** Directory of a container's FIFOs. */
export function fifoDir(deps: ContainerDeps, id: string): string {
  return `${deps.config.execRoot}/fifo/${id}`;
}

/** Publishes an event of a container, with its image, name and labels. */
export function publishContainer(
  deps: Pick<ContainerDeps, "events">,
  container: Container,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  deps.events.publish({
    type: "container",
    action,
    id: container.id,
    attributes: {
      ...attributes,
      image: container.record.Config.Image ?? "",
      name: bareName(container),
      ...container.record.Config.Labels,
    },
  });
}

/** Publishes that a container joined or left its networks. */
export function publishNetworks(
  deps: ContainerDeps,
  container: Container,
  action: "connect" | "disconnect",
): void {
  for (const name of Object.keys(container.record.Sandbox?.endpoints ?? {})) {
    const network = deps.networks.find(name);
    if (network === undefined) continue;
    deps.events.publish({
      type: "network",
      action,
      id: network.Id,
      attributes: { container: container.id, name, type: network.Driver },
    });
  }
}
