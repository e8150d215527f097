/**
 * Events of shims, delivered and received: the service that containerd offers at TTRPC_ADDRESS.
 *
 * @module
 */
import type { Server } from "node:net";
import { Events } from "../api/gen/containerd/services/events/ttrpc/v1/events_pb.ts";
import type { EventEnvelope } from "../api/task_event.ts";
import type { TypedValue } from "../api/typed_value.ts";
import { fromEnvelope, toEnvelope } from "../api/wire.ts";
import { listenUnix, removeSocket } from "../host/unix_socket.ts";
import type { TtrpcConnection } from "../ttrpc/client.ts";
import { makeMetadata, NAMESPACE_KEY } from "../ttrpc/metadata.ts";
import { TtrpcRouter, TtrpcServerConnection } from "../ttrpc/server.ts";

/** Delivers one event over `connection`, to be acknowledged within `timeoutMs`. */
export async function forwardEvent(
  connection: TtrpcConnection,
  envelope: EventEnvelope,
  timeoutMs: number,
): Promise<void> {
  const metadata = makeMetadata({ [NAMESPACE_KEY]: envelope.namespace });
  await connection.client(Events, { metadata, timeoutMs }).forward({ envelope: toEnvelope(envelope) });
}

/** Takes an event; the shim repeats it later if this rejects. */
export type EventHandler = (envelope: EventEnvelope<TypedValue>) => void | Promise<void>;

/** A socket at which shims deliver their events. */
export class EventsReceiver implements AsyncDisposable {
  readonly #path: string;
  readonly #connections: Set<TtrpcServerConnection>;
  readonly #server: Server;

  private constructor(path: string, server: Server, connections: Set<TtrpcServerConnection>) {
    this.#path = path;
    this.#server = server;
    this.#connections = connections;
  }

  /**
   * Listens at `path` (mode 0600; what is there is replaced) and gives each event to `handler`.
   *
   * @throws {RtError} `INVALID_ARGUMENT` if the path is too long.
   */
  static async listen(path: string, handler: EventHandler): Promise<EventsReceiver> {
    const router = new TtrpcRouter().add(Events, {
      forward: async ({ envelope }) => {
        await handler(fromEnvelope(envelope));
        return {};
      },
    });
    const connections = new Set<TtrpcServerConnection>();
    removeSocket(path);
    const server = await listenUnix(path, (socket) => {
      const connection = new TtrpcServerConnection(router, socket);
      connections.add(connection);
      void connection.closed.then(() => connections.delete(connection));
    });
    return new EventsReceiver(path, server, connections);
  }

  /** Stops listening, ends the connections and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await Promise.all([...this.#connections].map((c) => c[Symbol.asyncDispose]()));
    removeSocket(this.#path);
  }
}
