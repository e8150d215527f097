/**
 * Push: an image from containerd's content store to a registry.
 *
 * Blobs first, at most five at a time, then manifests from the leaves up, the tag last: a reader of the registry never
 * sees a manifest whose parts are missing. Source: containerd core/remotes/handlers.go `PushContent`.
 *
 * @module
 */
import type { Call } from "../api/call.ts";
import type { Containerd } from "../api/containerd.ts";
import { addLabels, childrenOf, chooseManifest, readBlob } from "../images/read.ts";
import {
  addClause,
  type Descriptor,
  formatPlatform,
  hasCode,
  isForeignLayer,
  type Logger,
  mediaKind,
  type Platform,
  RtError,
} from "../oci.ts";
import { hasManifest, pushBlob, pushManifest } from "../remotes/push_blob.ts";
import { distributionSource, type Remote } from "../remotes/remote.ts";
import type { Repository } from "../remotes/repository.ts";
import { Gate } from "./gate.ts";
import type { ProgressListener, TransferStatus } from "./progress.ts";

/** Blobs that are sent at once: Docker's default. */
const CONCURRENT_UPLOADS = 5;

/** Options for {@linkcode push}. */
export interface PushOptions {
  readonly remote: Remote;
  /** Sends only the image for this platform of an index. @default all that is there */
  readonly platform?: Platform;
  /** @default {5} */
  readonly concurrentUploads?: number;
  readonly onProgress?: ProgressListener;
  readonly log?: Logger;
}

/**
 * Pushes `target` and all below it as `ref` (`host/path[:tag]`).
 *
 * @returns What was pushed: `target`, or the manifest for `options.platform`.
 * @throws {RtError} `NOT_FOUND` if content is missing; as the registry says otherwise.
 */
export async function push(
  containerd: Pick<Containerd, "content">,
  ref: string,
  target: Descriptor,
  options: PushOptions,
  call: Call,
): Promise<Descriptor> {
  const repository = await options.remote.repository(ref);
  const job = new PushJob(containerd, repository, ref, options, call);
  let root = target;
  if (options.platform !== undefined && mediaKind(target.mediaType) === "index") {
    const chosen = chooseManifest(await childrenOf(containerd.content, target, call), options.platform);
    if (chosen === undefined) {
      throw new RtError(
        "NOT_FOUND",
        `no match for platform ${formatPlatform(options.platform)} in ${target.digest}`,
      );
    }
    root = chosen;
  }
  const { tag, digest } = repository.reference;
  try {
    await job.push(root, digest === undefined ? (tag ?? "latest") : undefined);
  } catch (err) {
    call.signal?.throwIfAborted();
    throw addClause(`failed to push ${JSON.stringify(ref)}`, err);
  }
  return root;
}

class PushJob {
  readonly #content: Containerd["content"];
  readonly #repository: Repository;
  readonly #options: PushOptions;
  readonly #call: Call;
  readonly #gate: Gate;
  readonly #source: ReturnType<typeof distributionSource>;
  readonly #done = new Map<string, Promise<void>>();

  constructor(
    { content }: Pick<Containerd, "content">,
    repository: Repository,
    ref: string,
    options: PushOptions,
    call: Call,
  ) {
    this.#content = content;
    this.#repository = repository;
    this.#options = options;
    this.#call = call;
    this.#gate = new Gate(options.concurrentUploads ?? CONCURRENT_UPLOADS);
    this.#source = distributionSource(ref);
  }

  /** Pushes what is below `descriptor`, then itself, under `tag` if it is the root. */
  async push(descriptor: Descriptor, tag?: string): Promise<void> {
    const kind = mediaKind(descriptor.mediaType);
    if (kind !== "index" && kind !== "manifest") return await this.#blobOnce(descriptor);
    const children = await childrenOf(this.#content, descriptor, this.#call);
    const present = kind === "index" ? await this.#present(children) : children;
    const results = await Promise.allSettled(
      present.filter((c) => !isForeignLayer(c.mediaType)).map((child) => this.push(child)),
    );
    const failed = results.find((r) => r.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    await this.#manifest(descriptor, tag);
  }

  /** An index may name images that were never fetched; what registries make of that is theirs. */
  async #present(children: readonly Descriptor[]): Promise<Descriptor[]> {
    const out: Descriptor[] = [];
    for (const child of children) {
      try {
        await this.#content.info(child.digest, this.#call);
        out.push(child);
      } catch (err) {
        if (!hasCode(err, "NOT_FOUND")) throw err;
      }
    }
    return out;
  }

  #blobOnce(descriptor: Descriptor): Promise<void> {
    let running = this.#done.get(descriptor.digest);
    if (running === undefined) {
      running = this.#blob(descriptor);
      this.#done.set(descriptor.digest, running);
    }
    return running;
  }

  async #blob(descriptor: Descriptor): Promise<void> {
    this.#report("waiting", descriptor, 0);
    await this.#gate.run(async () => {
      const { signal } = this.#call;
      const { labels } = await this.#content.info(descriptor.digest, this.#call);
      const mountFrom = (labels[this.#source.label] ?? "")
        .split(",")
        .filter((name) => name !== "" && name !== this.#source.repository)
        .slice(0, 1);
      const outcome = await pushBlob(
        this.#repository,
        descriptor,
        (offset, size) =>
          this.#content.read(descriptor.digest, { offset, ...(size && { size }) }, this.#call),
        {
          mountFrom,
          onSent: (bytes) => this.#report("uploading", descriptor, bytes),
          ...(signal && { signal }),
        },
      );
      await this.#remember(descriptor, labels);
      if (outcome.kind === "mounted") this.#report("mounted", descriptor, descriptor.size, outcome.from);
      else this.#report(outcome.kind === "exists" ? "exists" : "complete", descriptor, descriptor.size);
    });
  }

  async #manifest(descriptor: Descriptor, tag: string | undefined): Promise<void> {
    const { signal } = this.#call;
    if (await hasManifest(this.#repository, descriptor, tag ?? descriptor.digest, signal)) {
      return this.#report("exists", descriptor, descriptor.size);
    }
    const body = await readBlob(this.#content, descriptor, this.#call);
    await pushManifest(this.#repository, descriptor, body, {
      ...(tag && { tag }),
      ...(signal && { signal }),
    });
    this.#report("complete", descriptor, descriptor.size);
  }

  /** Notes that the registry has the blob, for later mounts. */
  async #remember(descriptor: Descriptor, labels: Readonly<Record<string, string>>): Promise<void> {
    const { label, repository } = this.#source;
    const known = (labels[label] ?? "").split(",").filter(Boolean);
    if (known.includes(repository)) return;
    const value = [...known, repository].sort().join(",");
    if (label.length + value.length <= 4096)
      await addLabels(this.#content, descriptor.digest, { [label]: value }, this.#call);
  }

  #report(status: TransferStatus, descriptor: Descriptor, offset: number, from?: string): void {
    this.#options.onProgress?.({ status, descriptor, offset, total: descriptor.size, ...(from && { from }) });
  }
}
