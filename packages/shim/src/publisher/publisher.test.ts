import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RtError, silentLogger } from "@rt/runc/oci";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EventEnvelope } from "../api/task_event.ts";
import { fromTypedEvent } from "../api/wire.ts";
import { EventsReceiver } from "../client/events.ts";
import { Publisher } from "./publisher.ts";

let directory: string;
let socket: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rt-pub-"));
  socket = join(directory, "e.sock");
});
afterEach(() => rmSync(directory, { recursive: true }));

const envelope = (pid: number): EventEnvelope => ({
  timestamp: new Date(1_700_000_000_123),
  namespace: "moby",
  topic: "/tasks/start",
  event: { topic: "/tasks/start", containerId: "web", pid },
});

const publisherOf = (): Publisher =>
  new Publisher({ address: socket, log: silentLogger, longestPauseMs: 50 });

describe("Publisher", () => {
  test("Publisher delivers events in order, with time, namespace and topic", async () => {
    const seen: unknown[] = [];
    await using _receiver = await EventsReceiver.listen(socket, ({ timestamp, namespace, topic, event }) => {
      seen.push([timestamp.getTime(), namespace, topic, fromTypedEvent(event)]);
    });
    await using publisher = publisherOf();
    await Promise.all([1, 2, 3].map((pid) => publisher.publish(envelope(pid))));
    expect(seen).toEqual(
      [1, 2, 3].map((pid) => [1_700_000_000_123, "moby", "/tasks/start", envelope(pid).event]),
    );
  });

  test("Publisher keeps events while nobody listens, and through a restart of the receiver", async () => {
    const seen: number[] = [];
    const listen = (): Promise<EventsReceiver> =>
      EventsReceiver.listen(socket, ({ event }) => {
        const known = fromTypedEvent(event);
        if (known?.topic === "/tasks/start") seen.push(known.pid);
      });
    await using publisher = publisherOf();
    const first = publisher.publish(envelope(1));
    const receiver = await listen();
    await first;
    await receiver[Symbol.asyncDispose]();
    const rest = [2, 3].map((pid) => publisher.publish(envelope(pid)));
    await using _again = await listen();
    await Promise.all(rest);
    expect(seen).toEqual([1, 2, 3]);
  });

  test("Publisher gives an event up after five refusals and goes on with the next", async () => {
    const tries: number[] = [];
    await using _receiver = await EventsReceiver.listen(socket, ({ event }) => {
      const known = fromTypedEvent(event);
      if (known?.topic !== "/tasks/start") return;
      tries.push(known.pid);
      if (known.pid === 1) throw new RtError("INVALID_ARGUMENT", "not that one");
    });
    await using publisher = publisherOf();
    await Promise.all([publisher.publish(envelope(1)), publisher.publish(envelope(2))]);
    expect(tries).toEqual([1, 1, 1, 1, 1, 2]);
  });
});
