import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasCode } from "../errors.ts";
import { testSpec } from "../testing/bundle.ts";
import { type ContainerRecord, checkId, claim, forget, ids, load, save, withLock } from "./store.ts";

describe("container store", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "rt-store-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const record = (id: string): ContainerRecord => ({
    version: 1,
    id,
    bundle: "/b",
    rootfs: "/r",
    created: "2026-01-01T00:00:00Z",
    pid: 0,
    startTime: 0,
    owner: 0,
    cgroupPaths: {},
    newKeyring: true,
    spec: testSpec(["true"]),
  });

  it("claim() takes an id once", () => {
    claim(root, "a");
    expect(() => claim(root, "a")).toThrow("container with given ID already exists");
    forget(root, "a");
    claim(root, "a");
  });

  it.each(["", ".", "..", "a/b", "a b", "ä", "a\0"])("checkId() refuses %j", (id) => {
    expect(() => checkId(id)).toThrow("invalid container ID format");
  });

  it("load() gives what save() took, numbers of 64 bits too", () => {
    claim(root, "a");
    const big = record("a");
    big.spec.process!.rlimits = [{ type: "RLIMIT_CORE", hard: 2n ** 64n - 1n, soft: 0 }];
    save(root, big);
    expect(load(root, "a")).toEqual(big);
    expect(ids(root)).toEqual(["a"]);
  });

  it("load() of what is not there is NOT_FOUND; of another format DATA_LOSS", () => {
    expect(() => load(root, "a")).toThrow("container does not exist");
    claim(root, "a");
    expect(() => load(root, "a")).toThrow("container does not exist");
    writeFileSync(join(root, "a/state.json"), '{"version":2}');
    let err: unknown;
    try {
      load(root, "a");
    } catch (e) {
      err = e;
    }
    expect(hasCode(err, "DATA_LOSS")).toBe(true);
  });

  it("withLock() lets one in at a time and leaves no lock behind", async () => {
    claim(root, "a");
    let inside = 0;
    let most = 0;
    const body = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 10));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(root, "a", body)));
    expect(most).toBe(1);
    expect(readdirSync(join(root, "a"))).toEqual([]);
  });

  it("withLock() takes over the lock of a process that is gone", async () => {
    claim(root, "a");
    writeFileSync(join(root, "a/lock"), "4194304 1");
    expect(await withLock(root, "a", () => "done")).toBe("done");
  });
});
