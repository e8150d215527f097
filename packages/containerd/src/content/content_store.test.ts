import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MetadataDatabase } from "../metadata/database.ts";
import { collectGarbage } from "../metadata/gc.ts";
import { ContentStore } from "./content_store.ts";
import { LocalContent } from "./local.ts";

const call = { namespace: "n" };
const noSnapshots = { nodes: () => [], has: () => false, forget() {}, sweep: async () => {} };
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

describe("ContentStore", () => {
  let dir: string;
  let db: MetadataDatabase;
  let store: ContentStore;
  const blobs = (): string[] => readdirSync(join(dir, "blobs/sha256"));
  const ingests = (): string[] => readdirSync(join(dir, "ingest"));
  const open = async (): Promise<void> => {
    db = new MetadataDatabase(join(dir, "metadata.db"));
    const metadata = { db, publish() {}, changed() {}, collect: async () => {} };
    store = new ContentStore(metadata, new LocalContent(dir));
    await store.start();
  };
  const write = async (bytes: Uint8Array, ref = "r"): Promise<string> => {
    await using writer = await store.writer({ ref }, call);
    await writer.write(bytes);
    return (await writer.commit()).digest;
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "rt-content-"));
    await open();
  });
  afterEach(() => {
    db[Symbol.dispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  test("a blob is a read-only file named by its digest, an ingest leaves nothing", async () => {
    const digest = await write(text("hello"));
    expect(blobs()).toEqual([digest.slice(7)]);
    expect(ingests()).toEqual([]);
  });

  test("after a crash in the middle of an ingest, the bytes are there to go on from", async () => {
    const writer = await store.writer({ ref: "r", total: 10 }, call);
    await writer.write(text("12345"));
    // The process dies: nobody closes anything.
    db[Symbol.dispose]();
    await open();
    await using again = await store.writer({ ref: "r", total: 10 }, call);
    expect((await again.status()).offset).toBe(5);
    await again.write(text("67890"));
    expect((await again.commit({ size: 10 })).digest).toBe(digestOf(text("1234567890")));
  });

  test("after a crash between rename and record, the blob without a record is gone, and the ingest starts over", async () => {
    const bytes = text("orphan");
    writeFileSync(join(dir, "blobs/sha256", digestOf(bytes).slice(7)), bytes);
    mkdirSync(join(dir, "ingest/77"));
    db[Symbol.dispose]();
    await open();
    expect([...blobs(), ...ingests()]).toEqual([]);
    expect(await write(bytes)).toBe(digestOf(bytes));
  });

  test("what garbage collection removes is gone from disk, not what another namespace has", async () => {
    const mine = await write(text("mine"), "a");
    const shared = await write(text("shared"), "b");
    const other = { namespace: "other" };
    await using writer = await store.writer({ ref: "x", expected: shared }, other);
    await writer.commit();
    await store.update({ digest: shared, labels: { "containerd.io/gc.root": "1" } }, undefined, other);
    const result = await collectGarbage(db, noSnapshots, store);
    expect(result.blobs).toBe(2);
    expect(blobs()).toEqual([shared.slice(7)]);
    await expect(store.info(mine, call)).rejects.toThrow(/not found/);
    await expect(store.info(shared, call)).rejects.toThrow(/not found/);
    expect((await store.info(shared, other)).size).toBe(6);
  });

  test("bytes that a shared writer is about to record are not removed under it", async () => {
    const digest = await write(text("pinned"));
    const other = { namespace: "other" };
    const writer = await store.writer({ ref: "x", expected: digest }, other);
    await store.delete(digest, call);
    await collectGarbage(db, noSnapshots, store);
    expect(existsSync(join(dir, "blobs/sha256", digest.slice(7)))).toBe(true);
    await writer.commit();
    expect((await store.info(digest, other)).size).toBe(6);
    await store.delete(digest, other);
    expect(blobs()).toEqual([]);
  });

  test("an ingest in progress survives collection, one that has expired does not", async () => {
    await using writer = await store.writer({ ref: "open" }, call);
    await (await store.writer({ ref: "left" }, call))[Symbol.asyncDispose]();
    const later = new Date(Date.now() + 25 * 3600 * 1000);
    expect((await collectGarbage(db, noSnapshots, store, later)).ingests).toBe(1);
    expect((await store.statuses([], call)).map((s) => s.ref)).toEqual(["open"]);
    await writer.write(text("still"));
    expect((await writer.commit()).size).toBe(5);
  });

  test.each(["sha256:zz", "../../etc/passwd", "sha256:../x", "md5:abc", ""])(
    "digest %j is refused",
    async (digest) => {
      await expect(store.info(digest, call)).rejects.toThrow();
      if (digest !== "")
        await expect(store.writer({ ref: "r", expected: digest }, call)).rejects.toThrow(/digest/);
    },
  );
});
