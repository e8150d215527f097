/**
 * What every call over the containerd boundary carries beside its request.
 *
 * Wire: gRPC metadata keys `containerd-namespace` and `containerd-lease`.
 * Source: containerd pkg/namespaces, core/leases.
 *
 * @module
 */

/** Context of one call: whose objects are meant, what keeps new ones alive, when to give up. */
export interface Call {
  /** The containerd namespace, e.g. `default`, `moby`, `k8s.io`. */
  readonly namespace: string;
  /** Lease that new content, snapshots and ingests are added to, so that garbage collection spares them. */
  readonly lease?: string;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Context of a call that is about the daemon and not about one namespace. */
export type DaemonCall = Pick<Call, "signal">;

/**
 * An opaque message with its type: protobuf `Any` without the `type.googleapis.com/` prefix.
 *
 * OCI specs travel as `types.containerd.io/opencontainers/runtime-spec/1/Spec` with a JSON body.
 */
export interface TypedAny {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** Labels: key and value together at most 4096 bytes. */
export type Labels = Readonly<Record<string, string>>;
