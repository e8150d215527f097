/**
 * The events that a containerd publishes, as records; `topic` says which.
 *
 * Source: containerd api/events/*.proto; topics: core/metadata/*.go, core/runtime/events.go.
 *
 * @module
 */
import type { TaskEvent } from "@rt/shim/api";
import type { Labels } from "./call.ts";
import type { ContainerRuntime } from "./containers.ts";

/** A namespace was made or changed. */
export interface NamespaceEvent {
  readonly topic: "/namespaces/create" | "/namespaces/update";
  readonly name: string;
  readonly labels: Labels;
}

/** A namespace is gone. */
export interface NamespaceDeleteEvent {
  readonly topic: "/namespaces/delete";
  readonly name: string;
}

/** A container's metadata was made. */
export interface ContainerCreateEvent {
  readonly topic: "/containers/create";
  readonly id: string;
  readonly image: string;
  readonly runtime: ContainerRuntime;
}

/** A container's metadata changed. */
export interface ContainerUpdateEvent {
  readonly topic: "/containers/update";
  readonly id: string;
  readonly image: string;
  readonly labels: Labels;
  readonly snapshotKey: string;
}

/** A container's metadata is gone. */
export interface ContainerDeleteEvent {
  readonly topic: "/containers/delete";
  readonly id: string;
}

/** An image was made or changed. */
export interface ImageEvent {
  readonly topic: "/images/create" | "/images/update";
  readonly name: string;
  readonly labels: Labels;
}

/** An image is gone. */
export interface ImageDeleteEvent {
  readonly topic: "/images/delete";
  readonly name: string;
}

/** A blob is there. */
export interface ContentCreateEvent {
  readonly topic: "/content/create";
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** A blob is gone. */
export interface ContentDeleteEvent {
  readonly topic: "/content/delete";
  readonly digest: string;
}

/** A snapshot was prepared. */
export interface SnapshotPrepareEvent {
  readonly topic: "/snapshot/prepare";
  readonly key: string;
  readonly parent: string;
  readonly snapshotter: string;
}

/** A snapshot was committed. */
export interface SnapshotCommitEvent {
  readonly topic: "/snapshot/commit";
  readonly key: string;
  readonly name: string;
  readonly snapshotter: string;
}

/** A snapshot is gone. */
export interface SnapshotRemoveEvent {
  readonly topic: "/snapshot/remove";
  readonly key: string;
  readonly snapshotter: string;
}

/** Any event of a containerd. */
export type ContainerdEvent =
  | NamespaceEvent
  | NamespaceDeleteEvent
  | ContainerCreateEvent
  | ContainerUpdateEvent
  | ContainerDeleteEvent
  | ImageEvent
  | ImageDeleteEvent
  | ContentCreateEvent
  | ContentDeleteEvent
  | SnapshotPrepareEvent
  | SnapshotCommitEvent
  | SnapshotRemoveEvent
  | TaskEvent;

/** Topic of an event. */
export type EventTopic = ContainerdEvent["topic"];
