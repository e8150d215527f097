/**
 * What a service's handlers look like, whatever library carries them: decoded request and call context in, message out,
 * errors thrown.
 *
 * @module
 */
import type {
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Call } from "../api/call.ts";

/** Context of a call: empty namespace if the client named none; the signal fires when the client is gone. */
export type ServerCall = Required<Pick<Call, "namespace" | "signal">> & Pick<Call, "lease">;

/** Handlers for the methods of a service. */
export type Handlers<S extends DescService> = {
  readonly [M in keyof S["method"]]: S["method"][M] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, call: ServerCall) => Promise<MessageInitShape<O>>
    : S["method"][M] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, call: ServerCall) => AsyncIterable<MessageInitShape<O>>
      : S["method"][M] extends DescMethodBiDiStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, call: ServerCall) => AsyncIterable<MessageInitShape<O>>
        : never;
};

/** A service and its handlers. */
export interface ServiceHandlers<S extends DescService = DescService> {
  readonly service: S;
  readonly handlers: Handlers<S>;
}

/** Pairs a service with its handlers. */
export function serve<S extends DescService>(service: S, handlers: Handlers<S>): ServiceHandlers {
  return { service, handlers } as unknown as ServiceHandlers;
}
