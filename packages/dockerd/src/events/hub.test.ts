import { expect, test } from "vitest";
import { createEventHub } from "./hub.ts";

function hub() {
  let now = 1_700_000_000_000_000_000n;
  return createEventHub(() => (now += 1_000_000_000n));
}

const container = (action: string, id = "c1".repeat(32), labels: Record<string, string> = {}) => ({
  type: "container" as const,
  action,
  id,
  attributes: { image: "busybox", name: "web", ...labels },
});

async function take(events: AsyncIterable<{ Action: string }>, count: number): Promise<string[]> {
  const out: string[] = [];
  for await (const event of events) {
    out.push(event.Action);
    if (out.length === count) break;
  }
  return out;
}

test("subscribers get what happens after they came, the past if they ask", async () => {
  const h = hub();
  h.publish(container("create"));
  const live = h.subscribe({});
  const past = h.subscribe({ since: "0" });
  h.publish(container("start"));
  expect(await take(live, 1)).toEqual(["start"]);
  expect(await take(past, 2)).toEqual(["create", "start"]);
  expect(h.listeners).toBe(0);
});

test("until ends the stream, and so does the signal", async () => {
  const h = hub();
  h.publish(container("create"));
  expect(await take(h.subscribe({ since: "0", until: "1700000001" }), 9)).toEqual(["create"]);
  const stop = new AbortController();
  const events = h.subscribe({ signal: stop.signal });
  stop.abort();
  expect(await take(events, 9)).toEqual([]);
});

test.each([
  [{ container: ["web"] }, 1],
  [{ container: ["c1c1c1c1c1c1"] }, 1],
  [{ container: ["other"] }, 0],
  [{ event: ["create"] }, 1],
  [{ type: ["image"] }, 0],
  [{ image: ["busybox"] }, 1],
  [{ label: ["a=b"] }, 1],
  [{ label: ["a=c"] }, 0],
])("filter %j", async (filters, count) => {
  const h = hub();
  h.publish(container("create", undefined, { a: "b" }));
  expect(await take(h.subscribe({ since: "0", until: "1700000001", filters }), 9)).toHaveLength(count);
});

test("events have the fields of old clients too", async () => {
  const h = hub();
  h.publish(container("create"));
  for await (const event of h.subscribe({ since: "0", until: "1700000001" })) {
    expect(event).toMatchObject({
      status: "create",
      from: "busybox",
      Type: "container",
      scope: "local",
      time: 1_700_000_001,
    });
    expect(event.id).toBe(event.Actor.ID);
  }
});
