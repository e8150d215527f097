/**
 * Channel: a duplex byte stream as a stream of frames.
 *
 * Works on whatever is a Node duplex: a unix socket, an in-memory pair. Reading never throws: what ends the byte
 * stream ends the channel, once.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import { ConnectionClosedError, OversizedMessageError, ProtocolError } from "../errors.ts";
import { encodeFrame, type Frame, FrameDecoder, MAX_DATA_BYTES } from "./frame.ts";

/** Who listens to a channel. */
export interface ChannelListener {
  /** A frame came, perhaps an oversized one. */
  frame(frame: Frame): void;
  /** The channel ended; `cause` is undefined when the peer closed it in order. Called once. */
  closed(cause: unknown): void;
}

/** Sends and receives frames. */
export class Channel implements AsyncDisposable {
  readonly #duplex: Duplex;
  readonly #done: Promise<void>;
  #closed = false;

  /** Starts reading from `duplex`, which belongs to the channel from now on. */
  constructor(duplex: Duplex, listener: ChannelListener) {
    this.#duplex = duplex;
    const decoder = new FrameDecoder();
    let finish: () => void;
    this.#done = new Promise((resolve) => {
      finish = resolve;
    });
    const end = (cause: unknown): void => {
      if (this.#closed) return;
      this.#closed = true;
      duplex.destroy();
      finish();
      listener.closed(cause);
    };
    duplex.on("data", (chunk: Uint8Array) => {
      if (this.#closed) return;
      for (const frame of decoder.push(chunk)) if (!this.#closed) listener.frame(frame);
    });
    duplex.on("error", end);
    duplex.on("end", () =>
      end(decoder.pending ? new ProtocolError("connection ended inside a frame") : undefined),
    );
    duplex.on("close", () => end(undefined));
  }

  /** Whether the channel has ended. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Resolves when the channel has ended. */
  get done(): Promise<void> {
    return this.#done;
  }

  /**
   * Sends a frame; resolves when the peer's side has room for more.
   *
   * @throws {OversizedMessageError} `RESOURCE_EXHAUSTED` if `data` is too long; nothing is sent.
   * @throws {ConnectionClosedError} `UNAVAILABLE` if the channel has ended.
   */
  async send(streamId: number, type: number, flags: number, data: Uint8Array): Promise<void> {
    if (data.length > MAX_DATA_BYTES) throw new OversizedMessageError(data.length, MAX_DATA_BYTES);
    if (this.#closed) throw new ConnectionClosedError();
    if (this.#duplex.write(encodeFrame(streamId, type, flags, data))) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#duplex.off("drain", go);
        resolve();
      };
      this.#duplex.on("drain", go);
      void this.#done.then(go);
    });
  }

  /** Ends the channel after what was sent so far has left. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) this.#duplex.end(() => this.#duplex.destroy());
    await this.#done;
  }
}
