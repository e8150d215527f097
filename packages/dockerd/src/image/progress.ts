/**
 * Progress of pulls and pushes in Docker's words, one line per layer.
 *
 * Source: moby `daemon/internal/distribution/xfer`, `pkg/progress`; `daemon/containerd/progress.go`.
 *
 * @module
 */
import type { TransferProgress } from "@rt/containerd";
import type { JsonMessage } from "../api/types/index.ts";
import { AsyncQueue } from "../async_queue.ts";
import { mediaKind } from "../oci.ts";

/** Least time between two counts of one layer. Milliseconds. */
const INTERVAL_MS = 100;

/** What each status is called. */
const PULL_WORDS: Readonly<Partial<Record<TransferProgress["status"], string>>> = {
  waiting: "Pulling fs layer",
  downloading: "Downloading",
  verifying: "Verifying Checksum",
  downloaded: "Download complete",
  extracting: "Extracting",
  complete: "Pull complete",
  exists: "Already exists",
};

const PUSH_WORDS: Readonly<Partial<Record<TransferProgress["status"], string>>> = {
  waiting: "Preparing",
  uploading: "Pushing",
  complete: "Pushed",
  exists: "Layer already exists",
};

/** Short form of a digest, as the lines name layers. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}

/** Turns reports into messages; what is repeated within an instant is left out. */
export function progressMessages(
  direction: "pull" | "push",
  emit: (message: JsonMessage) => void,
): (progress: TransferProgress) => void {
  const words = direction === "pull" ? PULL_WORDS : PUSH_WORDS;
  const last = new Map<string, { status: string; at: number }>();
  return ({ status, descriptor, offset, total, from }) => {
    if (descriptor === undefined || mediaKind(descriptor.mediaType) !== "layer") return;
    const word = status === "mounted" ? `Mounted from ${from ?? ""}` : words[status];
    if (word === undefined) return;
    const before = last.get(descriptor.digest);
    // What was there already and needed no unpacking has said so.
    if (status === "complete" && before?.status === words.exists) return;
    const now = performance.now();
    const counts = status === "downloading" || status === "uploading" || status === "extracting";
    if (before?.status === word && (!counts || now - before.at < INTERVAL_MS)) return;
    last.set(descriptor.digest, { status: word, at: now });
    const progressDetail = counts && total > 0 ? { current: offset, total } : {};
    emit({ status: word, progressDetail, id: shortDigest(descriptor.digest) });
  };
}

/** Runs `work` and hands on what it emits, then how it ends. Stops it when the reader stops. */
export function progressStream(
  work: (emit: (message: JsonMessage) => void, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal | undefined,
): AsyncIterable<JsonMessage> {
  return {
    [Symbol.asyncIterator]() {
      const queue = new AsyncQueue<JsonMessage>();
      const stop = new AbortController();
      queue.onReturn = () => stop.abort();
      const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
      work((message) => queue.push(message), both).then(
        () => queue.end(),
        (err) => queue.fail(err),
      );
      return queue;
    },
  };
}
