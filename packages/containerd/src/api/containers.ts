/**
 * Containers: metadata records; a running one has a task beside it.
 *
 * Source: containerd api/services/containers/v1, core/containers/containers.go.
 *
 * @module
 */
import type { Call, Labels, TypedAny } from "./call.ts";

/** Type of a container's spec: an OCI runtime spec in JSON. */
export const SPEC_TYPE_URL = "types.containerd.io/opencontainers/runtime-spec/1/Spec";

/** Which runtime starts the container. */
export interface ContainerRuntime {
  /** Runtime name (`io.containerd.runc.v2`) or absolute path of a shim binary. */
  readonly name: string;
  /** Options of that runtime, e.g. `containerd.runc.v1.Options`. */
  readonly options?: TypedAny;
}

/** A container's metadata. */
export interface Container {
  /** Identifier, 1 to 76 characters of `[A-Za-z0-9]` joined by `.`, `_` or `-`. Immutable. */
  readonly id: string;
  readonly labels: Labels;
  /** Name of the image it was made from; may be empty. */
  readonly image: string;
  /** Immutable. */
  readonly runtime: ContainerRuntime;
  /** OCI runtime spec, JSON in an Any. */
  readonly spec?: TypedAny;
  /** Name of the snapshotter that holds the rootfs; immutable once set. */
  readonly snapshotter: string;
  /** Key of the rootfs snapshot; references it for garbage collection. */
  readonly snapshotKey: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Data of clients, keyed by their own names. */
  readonly extensions: Readonly<Record<string, TypedAny>>;
  /** Identifier of the sandbox it belongs to; empty if none. */
  readonly sandbox: string;
}

/** What {@linkcode Containers.create} and {@linkcode Containers.update} take: the id and whatever is not empty. */
export type ContainerInput = Pick<Container, "id"> &
  Partial<Omit<Container, "id" | "createdAt" | "updatedAt">>;

/** Store of containers. */
export interface Containers {
  /** @throws `NOT_FOUND`. */
  get(id: string, call: Call): Promise<Container>;
  /** Containers that match at least one filter (all if there is none). @throws `INVALID_ARGUMENT` for a bad filter. */
  list(filters: readonly string[], call: Call): AsyncIterable<Container>;
  /** @throws `ALREADY_EXISTS`; `INVALID_ARGUMENT` for a bad id, label, or a missing runtime name. */
  create(container: ContainerInput, call: Call): Promise<Container>;
  /**
   * Changes the fields named by `fieldPaths` (`labels`, `labels.<key>`, `spec`, `extensions`, `extensions.<key>`,
   * `image`, `snapshot_key`, `snapshotter`); all mutable ones if absent.
   *
   * @throws `NOT_FOUND`, `INVALID_ARGUMENT`.
   */
  update(
    container: ContainerInput,
    fieldPaths: readonly string[] | undefined,
    call: Call,
  ): Promise<Container>;
  /** @throws `NOT_FOUND`. */
  delete(id: string, call: Call): Promise<void>;
}
