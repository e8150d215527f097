/**
 * Pull: an image from a registry into containerd, unpacked.
 *
 * resolve → lease → manifests → config and layers, three at a time, each layer unpacked as soon as it and those below
 * are there → image record. Works over the `Containerd` interface alone.
 * Source: containerd client/pull.go, core/remotes/docker/handler.go.
 *
 * @module
 */
import type { Call } from "../api/call.ts";
import type { Containerd } from "../api/containerd.ts";
import type { Image } from "../api/images.ts";
import {
  addLabels,
  childrenLabels,
  childrenOf,
  chooseManifest,
  readDocument,
  selectPlatform,
} from "../images/read.ts";
import {
  type Descriptor,
  formatPlatform,
  hasCode,
  hostPlatform,
  isForeignLayer,
  type Logger,
  type Manifest,
  mediaKind,
  type Platform,
  RtError,
} from "../oci.ts";
import { distributionSource, type Remote } from "../remotes/remote.ts";
import type { Repository } from "../remotes/repository.ts";
import { unpackManifest } from "../unpack/unpack.ts";
import { fetchContent } from "./fetch_content.ts";
import { Gate } from "./gate.ts";
import { withLease } from "./lease.ts";
import type { ProgressListener, TransferStatus } from "./progress.ts";

/** Blobs that are fetched at once: Docker's default. */
const CONCURRENT_DOWNLOADS = 3;

/** Options for {@linkcode pull}. */
export interface PullOptions {
  readonly remote: Remote;
  /** @default the host's; an image without an index is then taken whatever it runs on */
  readonly platform?: Platform;
  /** Fetches the images of all platforms; only `platform`'s is unpacked. @default {false} */
  readonly allPlatforms?: boolean;
  /** Where to unpack to; absent leaves the layers packed. */
  readonly snapshotter?: string;
  /** Name of the image record. @default the reference; null makes none */
  readonly name?: string | null;
  /** Labels of the image record. */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default {3} */
  readonly concurrentDownloads?: number;
  readonly onProgress?: ProgressListener;
  readonly log?: Logger;
}

/** What was pulled. */
export interface PullResult {
  /** What the reference stands for: manifest or index. */
  readonly target: Descriptor;
  /** The manifest for the platform. */
  readonly manifest: Descriptor;
  /** Its config; the digest is Docker's image ID. */
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** The record, unless `name` was null. */
  readonly image?: Image;
  /** Name of the topmost snapshot, if it was unpacked. */
  readonly chainId?: string;
}

/**
 * Pulls `ref` (`host/path[:tag][@digest]`) into the call's namespace.
 *
 * @throws {RtError} `NOT_FOUND` if the registry has no such image, or none for the platform; as the registry, the
 * content store and the snapshotter say otherwise. Content fetched before a failure is left to garbage collection.
 */
export async function pull(
  containerd: Containerd,
  ref: string,
  options: PullOptions,
  call: Call,
): Promise<PullResult> {
  options.onProgress?.({ status: "resolving", offset: 0, total: 0 });
  const { descriptor: target } = await options.remote.resolve(
    ref,
    call.signal ? { signal: call.signal } : {},
  );
  options.onProgress?.({ status: "resolved", descriptor: target, offset: 0, total: target.size });
  const repository = await options.remote.repository(ref);
  return await withLease(containerd.leases, call, async (leased) => {
    // When one part fails, the others are stopped and waited for.
    const stop = new AbortController();
    const signal = call.signal ? AbortSignal.any([call.signal, stop.signal]) : stop.signal;
    const job = new PullJob(containerd, repository, ref, options, { ...leased, signal });
    try {
      const pulled = await job.run(target);
      const image =
        options.name === null ? undefined : await record(containerd, options, ref, target, leased);
      return { target, ...pulled, ...(image && { image }) };
    } catch (err) {
      stop.abort();
      await job.settled();
      call.signal?.throwIfAborted();
      throw err;
    }
  });
}

/** One pull under way. */
class PullJob {
  readonly #containerd: Containerd;
  readonly #repository: Repository;
  readonly #options: PullOptions;
  readonly #call: Call;
  readonly #gate: Gate;
  readonly #source: ReturnType<typeof distributionSource>;
  readonly #fetches = new Map<string, Promise<void>>();

  constructor(containerd: Containerd, repository: Repository, ref: string, options: PullOptions, call: Call) {
    this.#containerd = containerd;
    this.#repository = repository;
    this.#options = options;
    this.#call = call;
    this.#gate = new Gate(options.concurrentDownloads ?? CONCURRENT_DOWNLOADS);
    this.#source = distributionSource(ref);
  }

  async run(target: Descriptor): Promise<Pick<PullResult, "manifest" | "config" | "layers" | "chainId">> {
    const { content } = this.#containerd;
    const platform = this.#options.platform ?? hostPlatform();
    const wanted = await this.#manifests(target, platform);
    const manifest = await readDocument<Manifest>(content, wanted, this.#call);
    const config = this.#fetch(manifest.config, wanted);
    for (const layer of manifest.layers ?? []) this.#fetch(layer, wanted);
    await config;
    // An index's choice was made above; a lone image is checked if a platform was asked for.
    const anySingle = this.#options.platform === undefined || wanted !== target;
    await selectPlatform(content, wanted, platform, this.#call, { anySingle });
    const chainId = await this.#unpack(wanted, manifest);
    await Promise.all(this.#fetches.values());
    return {
      manifest: wanted,
      config: manifest.config,
      layers: manifest.layers ?? [],
      ...(chainId !== undefined && { chainId }),
    };
  }

  /** Resolves when nothing runs any more, however it ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#fetches.values());
  }

  /** Fetches indexes down to the manifest for the platform, with the others' images if they are wanted. */
  async #manifests(target: Descriptor, platform: Platform): Promise<Descriptor> {
    await this.#fetch(target);
    const children = await childrenOf(this.#containerd.content, target, this.#call);
    await addLabels(this.#containerd.content, target.digest, childrenLabels(children), this.#call);
    if (mediaKind(target.mediaType) !== "index") {
      if (mediaKind(target.mediaType) === "manifest") return target;
      throw new RtError(
        "NOT_IMPLEMENTED",
        `cannot pull ${target.digest}: media type ${target.mediaType} is no image`,
      );
    }
    const chosen = chooseManifest(children, platform);
    if (chosen === undefined) {
      throw new RtError(
        "NOT_FOUND",
        `no match for platform ${formatPlatform(platform)} in manifest ${target.digest}: not found`,
      );
    }
    const found = await this.#manifests(chosen, platform);
    if (this.#options.allPlatforms) {
      for (const other of children) if (other !== chosen) await this.#everything(other);
    }
    return found;
  }

  async #everything(descriptor: Descriptor): Promise<void> {
    await this.#fetch(descriptor);
    const children = await childrenOf(this.#containerd.content, descriptor, this.#call);
    await addLabels(this.#containerd.content, descriptor.digest, childrenLabels(children), this.#call);
    await Promise.all(children.filter((c) => !isForeignLayer(c.mediaType)).map((c) => this.#everything(c)));
  }

  /** Unpacks the layers as they come, if it is wanted. */
  async #unpack(descriptor: Descriptor, manifest: Manifest): Promise<string | undefined> {
    const { snapshotter } = this.#options;
    if (snapshotter === undefined) return undefined;
    return await unpackManifest(
      this.#containerd,
      manifest,
      {
        snapshotter,
        fetched: (layer) => this.#fetch(layer, descriptor),
        onLayer: (layer, state) =>
          this.#report(state, layer, state === "complete" ? layer.size : 0, descriptor),
      },
      this.#call,
    );
  }

  /** Fetches a blob, once however often it is asked for. */
  #fetch(descriptor: Descriptor, parent?: Descriptor): Promise<void> {
    let running = this.#fetches.get(descriptor.digest);
    if (running === undefined) {
      running = this.#fetchOnce(descriptor, parent);
      running.catch(() => {}); // seen where it is awaited; others may fail first
      this.#fetches.set(descriptor.digest, running);
    }
    return running;
  }

  async #fetchOnce(descriptor: Descriptor, parent: Descriptor | undefined): Promise<void> {
    this.#report("waiting", descriptor, 0, parent);
    await this.#gate.run(async () => {
      this.#call.signal?.throwIfAborted();
      const labels = await this.#sourceLabels(descriptor);
      const { log } = this.#options;
      const onStatus = (status: TransferStatus, offset: number): void =>
        this.#report(status, descriptor, offset, parent);
      const fetchOptions = { labels, onStatus, ...(log && { log }) };
      await fetchContent(this.#containerd.content, this.#repository, descriptor, fetchOptions, this.#call);
    });
  }

  /** The label that remembers where content came from, earlier sources kept. */
  async #sourceLabels(descriptor: Descriptor): Promise<Record<string, string>> {
    const { label, repository } = this.#source;
    let known = "";
    try {
      known = (await this.#containerd.content.info(descriptor.digest, this.#call)).labels[label] ?? "";
    } catch (err) {
      if (!hasCode(err, "NOT_FOUND")) throw err;
    }
    const value = [...new Set([...known.split(",").filter(Boolean), repository])].sort().join(",");
    return label.length + value.length > 4096 ? {} : { [label]: value };
  }

  #report(status: TransferStatus, descriptor: Descriptor, offset: number, parent?: Descriptor): void {
    this.#options.onProgress?.({
      status,
      descriptor,
      offset,
      total: descriptor.size,
      ...(parent && { parent }),
    });
  }
}

async function record(
  containerd: Containerd,
  options: PullOptions,
  ref: string,
  target: Descriptor,
  call: Call,
): Promise<Image> {
  const image = { name: options.name ?? ref, target, ...(options.labels && { labels: options.labels }) };
  for (;;) {
    try {
      return await containerd.images.create(image, call);
    } catch (err) {
      if (!hasCode(err, "ALREADY_EXISTS")) throw err;
    }
    try {
      const fields = ["target", ...Object.keys(options.labels ?? {}).map((key) => `labels.${key}`)];
      return await containerd.images.update(image, fields, call);
    } catch (err) {
      if (!hasCode(err, "NOT_FOUND")) throw err; // removed meanwhile: create it
    }
  }
}
