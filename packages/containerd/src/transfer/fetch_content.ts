/**
 * Fetches one blob from a registry into a content store, taking up what an earlier try left behind.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../api/call.ts";
import type { Content, ContentWriter } from "../api/content.ts";
import { addLabels } from "../images/read.ts";
import { addClause, type Descriptor, hasCode, type Logger, mediaKind } from "../oci.ts";
import { fetchBlob } from "../remotes/fetch.ts";
import type { Repository } from "../remotes/repository.ts";
import type { TransferStatus } from "./progress.ts";

/** Bytes gathered before they are written: fewer messages where the store is another process. */
const WRITE_BYTES = 512 * 1024;

/** Options for {@linkcode fetchContent}. */
export interface FetchContentOptions {
  /** Labels the blob gets. */
  readonly labels: Readonly<Record<string, string>>;
  readonly onStatus?: (status: TransferStatus, offset: number) => void;
  readonly log?: Logger;
}

/**
 * Makes sure that the blob of `descriptor` is in the store, verified.
 *
 * @throws {RtError} `FAILED_PRECONDITION` if the registry's bytes have another digest; as the registry or store says.
 */
export async function fetchContent(
  content: Content,
  repository: Repository,
  descriptor: Descriptor,
  options: FetchContentOptions,
  call: Call,
): Promise<void> {
  const { labels, onStatus } = options;
  const { digest, size } = descriptor;
  try {
    const writer = await openWriter(content, descriptor, call);
    if (writer === undefined) {
      await addLabels(content, digest, labels, call);
      onStatus?.("exists", size);
      return;
    }
    await using open = writer;
    const status = await open.status();
    let offset = status.offset;
    if (offset > size) {
      await open.truncate(0);
      offset = 0;
    }
    onStatus?.("downloading", offset);
    for await (const piece of gathered(
      fetchBlob(repository, descriptor, {
        offset,
        ...(call.signal && { signal: call.signal }),
        ...(options.log && { log: options.log }),
      }),
    )) {
      await open.write(piece);
      offset += piece.length;
      onStatus?.("downloading", offset);
    }
    onStatus?.("verifying", size);
    await commit(content, open, descriptor, labels, call);
    onStatus?.("downloaded", size);
  } catch (err) {
    call.signal?.throwIfAborted();
    // Another writer may have finished the blob at any moment; the store says so at the next call.
    if (!hasCode(err, "ALREADY_EXISTS")) throw addClause(`cannot fetch ${digest}`, err);
    await addLabels(content, digest, labels, call);
    onStatus?.("exists", size);
  }
}

async function commit(
  content: Content,
  writer: ContentWriter,
  { digest, size }: Descriptor,
  labels: Readonly<Record<string, string>>,
  call: Call,
): Promise<void> {
  try {
    await writer.commit({ size, expected: digest, labels });
  } catch (err) {
    if (hasCode(err, "ALREADY_EXISTS")) return await addLabels(content, digest, labels, call);
    // Bytes that are not what they should be are of no use to a later try.
    if (hasCode(err, "FAILED_PRECONDITION")) await content.abort(writer.ref, call).catch(() => {});
    throw err;
  }
}

/** Opens the ingest, waiting while another holds it; undefined if the blob is there. */
async function openWriter(
  content: Content,
  descriptor: Descriptor,
  call: Call,
): Promise<ContentWriter | undefined> {
  const request = { ref: ingestRef(descriptor), total: descriptor.size, expected: descriptor.digest };
  for (let delayMs = 16; ; delayMs = Math.min(delayMs * 2, 1000)) {
    try {
      return await content.writer(request, call);
    } catch (err) {
      if (hasCode(err, "ALREADY_EXISTS")) return undefined;
      if (!hasCode(err, "UNAVAILABLE")) throw err;
      await sleep(delayMs, undefined, call.signal ? { signal: call.signal } : {});
    }
  }
}

/** containerd's name for the ingest of a descriptor. Source: core/remotes/handlers.go `MakeRefKey`. */
export function ingestRef(descriptor: Descriptor): string {
  const kind = mediaKind(descriptor.mediaType);
  const word = kind === "schema1" || kind === "empty" || kind === "other" ? "unknown" : kind;
  const name = descriptor.annotations?.["org.opencontainers.image.ref.name"];
  return `${name === undefined ? "" : `${name}@`}${word}-${descriptor.digest}`;
}

async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= WRITE_BYTES) {
      yield chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      chunks = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(chunks);
}
