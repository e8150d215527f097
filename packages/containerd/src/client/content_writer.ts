/**
 * A content writer over gRPC: one bidirectional stream is one writer; each request is answered once, in order.
 *
 * Each piece waits for its answer, as in the peer's client. Source: containerd core/content/proxy/content_writer.go.
 *
 * @module
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { Call } from "../api/call.ts";
import type { CommitRequest, ContentWriter, IngestStatus, WriterRequest } from "../api/content.ts";
import {
  type Content as Service,
  WriteAction,
  WriteContentRequestSchema,
  type WriteContentResponse,
} from "../api/gen/containerd/services/content/v1/content_pb.ts";
import { dateOf } from "../api/wire/common.ts";
import { FailedPreconditionError, RtError } from "../errors.ts";
import type { Gate } from "../transfer/gate.ts";
import { callOptions, fromWireError } from "./call.ts";

type Request = MessageInitShape<typeof WriteContentRequestSchema>;

/**
 * Longest piece sent at once. Bytes. With {@linkcode PIECES_IN_FLIGHT} it keeps what is under way near HTTP/2's first
 * window (65,535 bytes a stream): Bun 1.4's client can stall for ever when a window is used up.
 */
const pieceBytes = 32 * 1024;

/** Pieces of all writers of one connection that may be without an answer. */
export const PIECES_IN_FLIGHT = 3;

/** Opens the stream and asks for the ingest's state; `gate` bounds what all writers of a connection have under way. */
export async function openWriter(
  client: Client<typeof Service>,
  request: WriterRequest,
  call: Call,
  gate: Gate,
): Promise<ContentWriter> {
  const writer = new RemoteWriter(client, request, call, gate);
  await writer.open();
  return writer;
}

class RemoteWriter implements ContentWriter {
  readonly ref: string;
  readonly #request: WriterRequest;
  readonly #gate: Gate;
  readonly #stop = new AbortController();
  readonly #queue: Request[] = [];
  readonly #answers: AsyncIterator<WriteContentResponse>;
  #wake: (() => void) | undefined;
  #ended = false;
  #pending = 0;
  #offset = 0;
  #last: IngestStatus | undefined;

  constructor(client: Client<typeof Service>, request: WriterRequest, call: Call, gate: Gate) {
    this.ref = request.ref;
    this.#gate = gate;
    this.#request = request;
    const signal =
      call.signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, call.signal]);
    const answers = client.write(this.#requests(), { ...callOptions(call), signal });
    this.#answers = answers[Symbol.asyncIterator]();
  }

  async open(): Promise<void> {
    const answer = await this.#roundTrip({ action: WriteAction.STAT });
    this.#offset = Number(answer.offset);
  }

  async status(): Promise<IngestStatus> {
    await this.#drain(0);
    await this.#roundTrip({ action: WriteAction.STAT });
    return this.#last as IngestStatus;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const data = chunk.subarray(at, at + pieceBytes) as Uint8Array<ArrayBuffer>;
      await this.#gate.run(() =>
        this.#roundTrip({ action: WriteAction.WRITE, offset: BigInt(this.#offset), data }),
      );
      this.#offset += data.length;
    }
  }

  async truncate(offset: number): Promise<void> {
    if (offset !== 0)
      throw new RtError("OUT_OF_RANGE", `cannot truncate ${this.ref} to ${offset}: only to 0`);
    await this.#drain(0);
    if (this.#offset === 0) return;
    await this.#roundTrip({ action: WriteAction.WRITE, offset: 0n });
    this.#offset = 0;
  }

  async commit(request: CommitRequest = {}): Promise<{ digest: string; size: number }> {
    await this.#drain(0);
    const answer = await this.#roundTrip({
      action: WriteAction.COMMIT,
      total: BigInt(request.size ?? 0),
      offset: BigInt(this.#offset),
      expected: request.expected ?? this.#request.expected ?? "",
      labels: { ...request.labels },
    });
    const size = this.#offset;
    await this[Symbol.asyncDispose]();
    return { digest: answer.digest, size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#wake?.();
    // The daemon frees the ref when it has seen the end of the stream; the stream ends after that.
    try {
      while (!(await this.#answers.next()).done);
    } catch {
      // The stream is gone, which is what was wanted.
    } finally {
      this.#stop.abort();
    }
  }

  /** Queues one request; the whole identity goes with each, as the peer's client does. */
  #send(request: Request): void {
    const { ref, total, expected } = this.#request;
    this.#queue.push({ ref, total: BigInt(total ?? 0), expected: expected ?? "", ...request });
    this.#pending++;
    this.#wake?.();
  }

  async #roundTrip(request: Request): Promise<WriteContentResponse> {
    this.#send(request);
    return this.#answer();
  }

  /** Waits until at most `pieces` requests are without an answer. */
  async #drain(pieces: number): Promise<void> {
    while (this.#pending > pieces) await this.#answer();
  }

  async #answer(): Promise<WriteContentResponse> {
    let result: IteratorResult<WriteContentResponse>;
    try {
      result = await this.#answers.next();
    } catch (err) {
      this.#ended = true;
      this.#wake?.();
      throw fromWireError(err);
    }
    if (result.done)
      throw new FailedPreconditionError(`cannot write ${this.ref}: the daemon ended the stream`);
    this.#pending--;
    this.#last = {
      ref: this.ref,
      offset: Number(result.value.offset),
      total: Number(result.value.total),
      expected: this.#request.expected ?? "",
      startedAt: dateOf(result.value.startedAt),
      updatedAt: dateOf(result.value.updatedAt),
    };
    return result.value;
  }

  async *#requests(): AsyncGenerator<Request, void> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield create(WriteContentRequestSchema, next);
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
