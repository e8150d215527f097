import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { scheduleGarbageCollection } from "./gc_scheduler.ts";

const nothing = { blobs: 0, snapshots: 0, ingests: 0, leases: 0 };

describe("scheduleGarbageCollection()", () => {
  test("callers that ask while one runs share the next", async () => {
    let runs = 0;
    const gate = Promise.withResolvers<void>();
    const collect = async () => {
      runs++;
      await gate.promise;
      return nothing;
    };
    await using scheduler = scheduleGarbageCollection(collect, { startupDelayMs: 60_000 });
    const all = [scheduler.collect(), scheduler.collect()];
    await sleep(1);
    all.push(scheduler.collect(), scheduler.collect());
    gate.resolve();
    await Promise.all(all);
    expect(runs).toBe(2);
  });

  test("runs after enough changes, and not before", async () => {
    let runs = 0;
    const collect = async () => {
      runs++;
      return nothing;
    };
    await using scheduler = scheduleGarbageCollection(collect, {
      startupDelayMs: 60_000,
      mutationThreshold: 3,
    });
    scheduler.changed();
    scheduler.changed();
    expect(runs).toBe(0);
  });

  test("a collection that fails rejects its callers and does not stop the next", async () => {
    let runs = 0;
    const collect = async () => {
      if (runs++ === 0) throw new Error("disk");
      return nothing;
    };
    await using scheduler = scheduleGarbageCollection(collect, { startupDelayMs: 60_000 });
    await expect(scheduler.collect()).rejects.toThrow("disk");
    await scheduler.collect();
    expect(runs).toBe(2);
  });
});
