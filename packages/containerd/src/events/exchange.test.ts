import { describe, expect, test } from "vitest";
import { createExchange } from "./exchange.ts";

describe("createExchange()", () => {
  test("a subscription holds what came after it, before anyone reads", async () => {
    using exchange = createExchange();
    exchange.emit("n", { topic: "/images/delete", name: "before" });
    const seen = exchange.subscribe(["event.name==after"])[Symbol.asyncIterator]();
    exchange.emit("n", { topic: "/images/delete", name: "other" });
    exchange.emit("n", { topic: "/images/delete", name: "after" });
    expect((await seen.next()).value?.topic).toBe("/images/delete");
  });

  test("filters see container ids of task events", async () => {
    using exchange = createExchange();
    const seen = exchange.subscribe(["event.container_id==b"])[Symbol.asyncIterator]();
    for (const containerId of ["a", "b"]) exchange.emit("n", { topic: "/tasks/paused", containerId });
    exchange[Symbol.dispose]();
    expect((await seen.next()).done).toBe(false);
    expect((await seen.next()).done).toBe(true);
  });

  test("the signal ends it, the queue first", async () => {
    using exchange = createExchange();
    const stop = new AbortController();
    const seen = exchange.subscribe([], { signal: stop.signal })[Symbol.asyncIterator]();
    exchange.emit("n", { topic: "/images/delete", name: "x" });
    stop.abort();
    expect((await seen.next()).done).toBe(false);
    expect((await seen.next()).done).toBe(true);
    expect((await exchange.subscribe([], { signal: stop.signal })[Symbol.asyncIterator]().next()).done).toBe(
      true,
    );
  });

  test("a forwarded event must say where and when", async () => {
    using exchange = createExchange();
    const event = { typeUrl: "x", value: new Uint8Array() };
    const good = { timestamp: new Date(), namespace: "n", topic: "/a/b", event };
    await expect(exchange.forward({ ...good, namespace: "" })).rejects.toThrow(/invalid namespace/);
    await expect(exchange.forward({ ...good, topic: "a" })).rejects.toThrow(/must start with/);
    await expect(exchange.forward({ ...good, timestamp: new Date(0) })).rejects.toThrow(
      /timestamp must be set/,
    );
    await exchange.forward(good);
  });
});
