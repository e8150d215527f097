/**
 * Service `containerd.services.events.v1.Events`.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import type { Events } from "../api/events.ts";
import { Events as Service } from "../api/gen/containerd/services/events/v1/events_pb.ts";
import { EnvelopeSchema } from "../api/gen/containerd/types/event_pb.ts";
import { fromAny, fromEnvelope, toEnvelope } from "../api/wire/common.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

/** Handlers over `events`. */
export function eventsService(events: Events): ServiceHandlers {
  return serve(Service, {
    async publish({ topic, event }, call) {
      const value = event === undefined ? { typeUrl: "", value: new Uint8Array() } : fromAny(event);
      await events.publish(topic, value, call);
      return {};
    },
    async forward({ envelope }) {
      await events.forward(fromEnvelope(envelope ?? create(EnvelopeSchema)));
      return {};
    },
    async *subscribe({ filters }, call) {
      for await (const envelope of events.subscribe(filters, call)) yield toEnvelope(envelope);
    },
  });
}
