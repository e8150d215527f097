/**
 * Types of a ttrpc client and of a service's implementation, derived from a protobuf-es service descriptor.
 *
 * @module
 */
import type {
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Metadata } from "./metadata.ts";

/** Options of one call. */
export interface TtrpcCallOptions {
  /** Names and values that travel with the call. */
  readonly metadata?: Metadata;
  /** Time that the call may take. Milliseconds. @default {none} */
  readonly timeoutMs?: number;
  /** Cancels the wait for the answer. */
  readonly signal?: AbortSignal;
}

/** What a service's implementation knows of a call. */
export interface TtrpcContext {
  /** Aborted when the client is gone or the call's time is over. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
}

type Awaitable<T> = T | Promise<T>;

/** The client of a service: one function per method. */
export type TtrpcClient<S extends DescService> = {
  readonly [K in keyof S["method"]]: S["method"][K] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: TtrpcCallOptions) => Promise<MessageShape<O>>
    : S["method"][K] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: TtrpcCallOptions) => AsyncIterable<MessageShape<O>>
      : S["method"][K] extends DescMethodClientStreaming<infer I, infer O>
        ? (
            requests: AsyncIterable<MessageInitShape<I>>,
            options?: TtrpcCallOptions,
          ) => Promise<MessageShape<O>>
        : S["method"][K] extends DescMethodBiDiStreaming<infer I, infer O>
          ? (
              requests: AsyncIterable<MessageInitShape<I>>,
              options?: TtrpcCallOptions,
            ) => AsyncIterable<MessageShape<O>>
          : never;
};

/** An implementation of a service: any of its methods. */
export type ServiceImpl<S extends DescService> = {
  readonly [K in keyof S["method"]]?: S["method"][K] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: TtrpcContext) => Awaitable<MessageInitShape<O>>
    : S["method"][K] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: TtrpcContext) => AsyncIterable<MessageInitShape<O>>
      : S["method"][K] extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, context: TtrpcContext) => Awaitable<MessageInitShape<O>>
        : S["method"][K] extends DescMethodBiDiStreaming<infer I, infer O>
          ? (
              requests: AsyncIterable<MessageShape<I>>,
              context: TtrpcContext,
            ) => AsyncIterable<MessageInitShape<O>>
          : never;
};
