/**
 * Events over gRPC.
 *
 * @module
 */
import { createClient, type Transport } from "@connectrpc/connect";
import type { Envelope, Events } from "../api/events.ts";
import { Events as Service } from "../api/gen/containerd/services/events/v1/events_pb.ts";
import { fromEnvelope, toAny, toEnvelope } from "../api/wire/common.ts";
import { callOptions, fromWireError, unary } from "./call.ts";

/** Events of the daemon behind `transport`. */
export function eventsClient(transport: Transport): Events {
  const client = createClient(Service, transport);
  return {
    async publish(topic, event, call) {
      await unary(client.publish({ topic, event: toAny(event) }, callOptions(call)));
    },
    async forward(envelope, call) {
      await unary(client.forward({ envelope: toEnvelope(envelope) }, callOptions(call)));
    },
    subscribe(filters, call) {
      const stop = new AbortController();
      const signal = call?.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, call.signal]);
      // The transport sends the request now, so that the subscription does not wait for the first `next()`.
      const answers = client.subscribe({ filters: [...filters] }, { signal });
      return envelopes(answers, stop, signal);
    },
  };
}

/** The stream's envelopes; ends quietly when `signal` fired, and ends the stream when its reader leaves. */
async function* envelopes(
  answers: AsyncIterable<Parameters<typeof fromEnvelope>[0]>,
  stop: AbortController,
  signal: AbortSignal,
): AsyncGenerator<Envelope, void> {
  try {
    for await (const envelope of answers) yield fromEnvelope(envelope);
  } catch (err) {
    if (!signal.aborted) throw fromWireError(err);
  } finally {
    stop.abort();
  }
}
