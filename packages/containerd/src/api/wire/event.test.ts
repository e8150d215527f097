import { describe, expect, test } from "vitest";
import type { ContainerdEvent } from "../event.ts";
import { decodeEvent, decodeEventFields, encodeEvent } from "./event.ts";

const at = new Date(1_700_000_000_123);
const events: readonly ContainerdEvent[] = [
  { topic: "/namespaces/create", name: "n", labels: { a: "b" } },
  { topic: "/containers/create", id: "c", image: "i", runtime: { name: "io.x.y.v2" } },
  { topic: "/containers/update", id: "c", image: "", labels: {}, snapshotKey: "k" },
  { topic: "/images/delete", name: "img" },
  { topic: "/content/delete", digest: "sha256:1" },
  { topic: "/snapshot/prepare", key: "k", parent: "p", snapshotter: "s" },
  { topic: "/tasks/exit", containerId: "c", id: "e", pid: 7, exitStatus: 137, exitedAt: at },
  { topic: "/tasks/exec-started", containerId: "c", execId: "e", pid: 8 },
];

describe("encodeEvent()", () => {
  test.each(events)("$topic comes back", (event) => {
    const envelope = { timestamp: at, namespace: "n", topic: event.topic, event: encodeEvent(event) };
    expect(decodeEvent(envelope)).toEqual(event);
  });

  test("names types as the peer does, image events outside of containerd.events", () => {
    expect(encodeEvent({ topic: "/images/delete", name: "x" }).typeUrl).toBe(
      "containerd.services.images.v1.ImageDelete",
    );
    expect(encodeEvent({ topic: "/containers/delete", id: "x" }).typeUrl).toBe(
      "containerd.events.ContainerDelete",
    );
  });

  test("types that nobody knows are undefined", () => {
    expect(decodeEventFields({ typeUrl: "a.B", value: new Uint8Array([1]) })).toBeUndefined();
  });
});
