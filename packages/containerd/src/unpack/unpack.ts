/**
 * Unpacks an image's layers into snapshots, one committed snapshot per layer, named by chain id.
 *
 * A layer whose snapshot is there is not unpacked again. Works over the `Containerd` interface alone, so the
 * snapshots and the diff service may be another process, ours or the real one.
 * Source: containerd core/unpack/unpacker.go (keys, labels, texts).
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Call } from "../api/call.ts";
import type { Containerd } from "../api/containerd.ts";
import type { Mount } from "../api/mount.ts";
import { addLabels, readDocument, selectPlatform } from "../images/read.ts";
import {
  addClause,
  chainIds,
  type Descriptor,
  hasCode,
  hostPlatform,
  type ImageConfig,
  type Manifest,
  mediaKind,
  type Platform,
  RtError,
} from "../oci.ts";

/** What unpacking needs of a containerd. */
export type UnpackTarget = Pick<Containerd, "content" | "snapshots" | "diff">;

/** Options for {@linkcode unpackManifest}. */
export interface UnpackOptions {
  /** Snapshotter that gets the layers, e.g. `overlayfs`. */
  readonly snapshotter: string;
  /** Resolves when the blob of the layer is in the content store. @default it is */
  readonly fetched?: (layer: Descriptor) => Promise<void>;
  /** Told before a layer is applied, and when its snapshot is there. */
  readonly onLayer?: (layer: Descriptor, state: "extracting" | "complete") => void;
}

const SNAPSHOT_REF = "containerd.io/snapshot.ref";

/**
 * Unpacks the layers of `manifest`.
 *
 * @returns The chain id of the topmost layer: the name of the snapshot to prepare containers from.
 * @throws {RtError} `FAILED_PRECONDITION` "wrong diff id …" if a layer is not what the config says; as the services say.
 */
export async function unpackManifest(
  containerd: UnpackTarget,
  manifest: Manifest,
  options: UnpackOptions,
  call: Call,
): Promise<string> {
  const config = await readDocument<ImageConfig>(containerd.content, manifest.config, call);
  const diffIds = config.rootfs?.diff_ids ?? [];
  const layers = (manifest.layers ?? []).filter((l) => mediaKind(l.mediaType) === "layer");
  if (layers.length !== diffIds.length) {
    throw new RtError(
      "FAILED_PRECONDITION",
      `number of layers and diffIDs don't match: ${layers.length} != ${diffIds.length}`,
    );
  }
  const chains = chainIds(diffIds);
  for (const [i, layer] of layers.entries()) {
    call.signal?.throwIfAborted();
    await unpackLayerSnapshot(
      containerd,
      { layer, diffId: diffIds[i]!, chainId: chains[i]!, parent: i === 0 ? "" : chains[i - 1]! },
      options,
      call,
    );
    options.onLayer?.(layer, "complete");
  }
  const top = chains.at(-1) ?? "";
  if (top !== "") {
    const label = `containerd.io/gc.ref.snapshot.${options.snapshotter}`;
    await addLabels(containerd.content, manifest.config.digest, { [label]: top }, call);
  }
  return top;
}

/**
 * Unpacks the image at `target` for `platform`, its content being there.
 *
 * @throws {RtError} As {@linkcode unpackManifest}; `NOT_FOUND` if there is no image for the platform.
 */
export async function unpackImage(
  containerd: UnpackTarget,
  target: Descriptor,
  options: UnpackOptions & { readonly platform?: Platform },
  call: Call,
): Promise<string> {
  const { platform } = options;
  const image = await selectPlatform(containerd.content, target, platform ?? hostPlatform(), call, {
    anySingle: platform === undefined,
  });
  return await unpackManifest(containerd, image.manifest, options, call);
}

interface LayerSnapshot {
  readonly layer: Descriptor;
  readonly diffId: string;
  readonly chainId: string;
  readonly parent: string;
}

async function unpackLayerSnapshot(
  containerd: UnpackTarget,
  snapshot: LayerSnapshot,
  options: UnpackOptions,
  call: Call,
): Promise<void> {
  const { layer, diffId, chainId, parent } = snapshot;
  const { snapshotter } = options;
  const { snapshots } = containerd;
  await options.fetched?.(layer); // the content is wanted even where the snapshot is there: for push and save
  if (await exists(containerd, snapshotter, chainId, call)) return;
  const labels = { ...inherited(layer.annotations), [SNAPSHOT_REF]: chainId };
  const prepared = await prepare(containerd, { snapshotter, parent, chainId, labels }, call);
  if (prepared === undefined) return;
  const { key, mounts } = prepared;
  try {
    options.onLayer?.(layer, "extracting");
    const applied = await containerd.diff.apply(layer, mounts, {}, call).catch((err) => {
      throw addClause(
        `failed to extract layer (${layer.mediaType} ${layer.digest}) to ${snapshotter} as "${key}"`,
        err,
      );
    });
    if (applied.digest !== diffId) {
      throw new RtError(
        "FAILED_PRECONDITION",
        `wrong diff id "${applied.digest}" calculated on extraction "${diffId}", desc "${layer.digest}"`,
      );
    }
    await snapshots.commit({ snapshotter, key, name: chainId, labels }, call);
  } catch (err) {
    await snapshots.remove({ snapshotter, key }, { namespace: call.namespace }).catch(() => {});
    if (hasCode(err, "ALREADY_EXISTS") && (await exists(containerd, snapshotter, chainId, call))) return;
    throw err;
  }
  await addLabels(containerd.content, layer.digest, { "containerd.io/uncompressed": diffId }, call);
}

async function prepare(
  { snapshots, ...rest }: UnpackTarget,
  what: { snapshotter: string; parent: string; chainId: string; labels: Record<string, string> },
  call: Call,
): Promise<{ key: string; mounts: readonly Mount[] } | undefined> {
  const { snapshotter, parent, chainId, labels } = what;
  for (let attempt = 1; ; attempt++) {
    const key = `extract-${process.hrtime.bigint() % 1_000_000_000n}-${randomBytes(3).toString("base64url")} ${chainId}`;
    try {
      return { key, mounts: await snapshots.prepare({ snapshotter, key, parent, labels }, call) };
    } catch (err) {
      if (!hasCode(err, "ALREADY_EXISTS") || attempt === 3) {
        throw addClause(`failed to prepare extraction snapshot "${key}"`, err);
      }
      if (await exists({ snapshots, ...rest }, snapshotter, chainId, call)) return undefined;
    }
  }
}

async function exists(
  { snapshots }: UnpackTarget,
  snapshotter: string,
  key: string,
  call: Call,
): Promise<boolean> {
  try {
    await snapshots.stat({ snapshotter, key }, call);
    return true;
  } catch (err) {
    if (hasCode(err, "NOT_FOUND")) return false;
    throw err;
  }
}

/** The labels that a snapshot takes from its layer's annotations. Source: containerd `FilterInheritedLabels`. */
export function inherited(annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([k]) => k === SNAPSHOT_REF || k.startsWith("containerd.io/snapshot/"),
    ),
  );
}
