/**
 * Blobs and ingests as files. Which of them belong to whom is the content store's business.
 *
 * | path below the root | what |
 * |---|---|
 * | `blobs/sha256/<hex>` | complete, verified, durable, read-only |
 * | `ingest/<id>/data` | bytes of an ingest so far |
 *
 * Source: containerd plugins/content/local (layout).
 *
 * @module
 */
import { closeSync, existsSync, openSync, readSync, renameSync, unlinkSync } from "node:fs";
import { chmod, type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidArgumentError, NotFoundError } from "../errors.ts";

/** Bytes per piece when a blob is read. */
const pieceBytes = 512 * 1024;

/** Reads up to this long are made directly: Go's content client reads 32 KiB per call. Bytes. */
const directBytes = 64 * 1024;

/** Files of a content store. */
export class LocalContent {
  readonly #root: string;

  /** @param root Directory `io.containerd.content.v1.content`. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the directories, and removes blobs and ingests that nobody knows: what a crash left half done. */
  async open(knownBlobs: ReadonlySet<string>, knownIngests: ReadonlySet<number>): Promise<void> {
    for (const dir of ["blobs/sha256", "ingest"])
      await mkdir(join(this.#root, dir), { recursive: true, mode: 0o700 });
    for (const hex of await readdir(join(this.#root, "blobs/sha256"))) {
      if (!knownBlobs.has(`sha256:${hex}`)) await rm(join(this.#root, "blobs/sha256", hex), { force: true });
    }
    for (const id of await readdir(join(this.#root, "ingest"))) {
      if (!knownIngests.has(Number(id))) await this.removeIngest(Number(id));
    }
  }

  /** Path of a blob. @throws {InvalidArgumentError} `INVALID_ARGUMENT` for a digest that is not sha256. */
  blobPath(digest: string): string {
    return join(this.#root, "blobs/sha256", digestHex(digest));
  }

  /** Whether the blob's file is there. */
  hasBlob(digest: string): boolean {
    return existsSync(this.blobPath(digest));
  }

  /** Removes a blob's file, synchronously. */
  removeBlob(digest: string): void {
    try {
      unlinkSync(this.blobPath(digest));
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "ENOENT") throw err;
    }
  }

  /** Streams `size` bytes from `offset` on. */
  async *read(digest: string, offset: number, size: number): AsyncGenerator<Uint8Array, void> {
    if (size === 0) return;
    if (size <= directBytes) {
      yield this.#readDirectly(digest, offset, size);
      return;
    }
    await using file = await openFile(this.blobPath(digest), "r", `content ${digest}`);
    for (let at = offset; at < offset + size; ) {
      const length = Math.min(pieceBytes, offset + size - at);
      const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield bytesRead === length ? buffer : buffer.subarray(0, bytesRead);
    }
  }

  /** A small part at once: the thread pool would take longer than the page cache. */
  #readDirectly(digest: string, offset: number, size: number): Uint8Array {
    const fd = openBlob(this.blobPath(digest), digest);
    try {
      const bytes = new Uint8Array(size);
      return bytes.subarray(0, readSync(fd, bytes, 0, size, offset));
    } finally {
      closeSync(fd);
    }
  }

  /** Opens an ingest's file for reading and writing, new or as it was left. */
  async openIngest(id: number): Promise<FileHandle> {
    const dir = join(this.#root, "ingest", String(id));
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, "data");
    try {
      return await open(path, "r+");
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "ENOENT") throw err;
      return await open(path, "wx+", 0o600);
    }
  }

  /** Bytes of an ingest so far and when they were last written. */
  async statIngest(id: number): Promise<{ size: number; updatedAt: Date } | undefined> {
    try {
      const s = await stat(join(this.#root, "ingest", String(id), "data"));
      return { size: s.size, updatedAt: s.mtime };
    } catch {
      return undefined;
    }
  }

  /** Removes an ingest's files. */
  async removeIngest(id: number): Promise<void> {
    await rm(join(this.#root, "ingest", String(id)), { recursive: true, force: true });
  }

  /** Makes the data of an ingest, which is synced and closed, the blob `digest`, durably. */
  async promote(id: number, digest: string): Promise<void> {
    const data = join(this.#root, "ingest", String(id), "data");
    await chmod(data, 0o444);
    renameSync(data, this.blobPath(digest));
    await using dir = await open(join(this.#root, "blobs/sha256"), "r");
    await dir.sync();
  }
}

/** Hex part of a sha256 digest. @throws {InvalidArgumentError} `INVALID_ARGUMENT` with go-digest's text. */
export function digestHex(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex !== undefined) return hex;
  const reason =
    /^[a-z0-9]+:/.test(digest) && !digest.startsWith("sha256:")
      ? "unsupported digest algorithm"
      : "invalid checksum digest format";
  throw new InvalidArgumentError(`content ${JSON.stringify(digest)}: ${reason}`);
}

function openBlob(path: string, digest: string): number {
  try {
    return openSync(path, "r");
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT")
      throw new NotFoundError(`content ${digest}`, { cause: err });
    throw err;
  }
}

async function openFile(path: string, flags: string, what: string): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") throw new NotFoundError(what, { cause: err });
    throw err;
  }
}
