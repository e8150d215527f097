/**
 * Garbage collection: marks what roots reach, forgets the rest, then frees the bytes.
 *
 * Roots: leases that have not expired (with their resources), images, containers (with their snapshot), ingests in
 * progress, and everything labelled `containerd.io/gc.root`. References: `containerd.io/gc.ref.content[.…]` and
 * `containerd.io/gc.ref.snapshot.<snapshotter>[/…]` labels, parents of snapshots, expected digests of ingests. A lease
 * with `containerd.io/gc.flat` holds its resources without following their labels.
 *
 * Marking and forgetting happen in one turn of the event loop, so no call comes in between and there is no pause to
 * coordinate. A crash after forgetting leaves bytes that nobody knows; they go when the daemon starts.
 * Source: containerd core/metadata/gc.go, docs/garbage-collection.md.
 *
 * @module
 */
import type { MetadataDatabase } from "./database.ts";
import { decodeLabels } from "./labels.ts";
import type { SnapshotCatalog, SnapshotNode } from "./ports.ts";

const ROOT_LABEL = "containerd.io/gc.root";
const EXPIRE_LABEL = "containerd.io/gc.expire";
const FLAT_LABEL = "containerd.io/gc.flat";
const CONTENT_REF = "containerd.io/gc.ref.content";
const SNAPSHOT_REF = "containerd.io/gc.ref.snapshot.";

/** Frees bytes of what was forgotten. */
export interface ContentRelease {
  releaseBytes(digest: string): void;
  releaseIngest(id: number): Promise<void>;
  /** Whether a writer has the ingest open. */
  isOpen(namespace: string, ref: string): boolean;
}

/** What one collection removed. */
export interface CollectionResult {
  readonly blobs: number;
  readonly snapshots: number;
  readonly ingests: number;
  readonly leases: number;
}

type Node = readonly [kind: "content" | "snapshot" | "ingest", namespace: string, key: string, flat: boolean];

const nodeKey = (kind: string, namespace: string, key: string): string => `${kind}\0${namespace}\0${key}`;

/** Everything marking needs, read once. */
interface Heap {
  readonly blobs: ReadonlyMap<string, Record<string, string>>;
  readonly snapshots: ReadonlyMap<string, SnapshotNode>;
  readonly ingests: ReadonlyMap<string, string>;
}

/**
 * Runs one collection.
 *
 * @param now Time against which expiry is judged.
 */
export async function collectGarbage(
  db: MetadataDatabase,
  snapshots: SnapshotCatalog,
  content: ContentRelease,
  now: Date = new Date(),
): Promise<CollectionResult> {
  const doomed = db.transaction(() => {
    const leases = expireLeases(db, now);
    const heap = readHeap(db, snapshots);
    const marked = mark(roots(db, heap, content, now), heap);
    return { leases, ...forget(db, snapshots, heap, marked) };
  });
  for (const digest of new Set(doomed.blobs)) content.releaseBytes(digest);
  for (const id of doomed.ingests) await content.releaseIngest(id);
  if (doomed.snapshots > 0) await snapshots.sweep();
  return {
    blobs: doomed.blobs.length,
    snapshots: doomed.snapshots,
    ingests: doomed.ingests.length,
    leases: doomed.leases,
  };
}

/** Deletes leases whose time is over; a time that cannot be read is no time. */
function expireLeases(db: MetadataDatabase, now: Date): number {
  let expired = 0;
  for (const row of db.all("SELECT namespace, id, labels FROM leases")) {
    const expiry = decodeLabels(row.labels)[EXPIRE_LABEL];
    if (expiry === undefined || !(Date.parse(expiry) < now.getTime())) continue;
    expired += db.run("DELETE FROM leases WHERE namespace=? AND id=?", String(row.namespace), String(row.id));
  }
  return expired;
}

function readHeap(db: MetadataDatabase, catalog: SnapshotCatalog): Heap {
  const blobs = new Map<string, Record<string, string>>();
  for (const row of db.all("SELECT namespace, digest, labels FROM blobs")) {
    blobs.set(nodeKey("content", String(row.namespace), String(row.digest)), decodeLabels(row.labels));
  }
  const snapshots = new Map<string, SnapshotNode>();
  for (const node of catalog.nodes()) {
    snapshots.set(nodeKey("snapshot", node.namespace, `${node.snapshotter}/${node.key}`), node);
  }
  const ingests = new Map<string, string>();
  for (const row of db.all("SELECT namespace, ref, expected FROM ingests")) {
    ingests.set(nodeKey("ingest", String(row.namespace), String(row.ref)), String(row.expected));
  }
  return { blobs, snapshots, ingests };
}

function* roots(db: MetadataDatabase, heap: Heap, content: ContentRelease, now: Date): Generator<Node> {
  const leased =
    "SELECT r.namespace, r.type, r.id, l.labels FROM lease_resources r JOIN leases l ON l.namespace=r.namespace AND l.id=r.lease";
  for (const row of db.all(leased)) {
    yield* leasedNode(
      String(row.namespace),
      String(row.type),
      String(row.id),
      FLAT_LABEL in decodeLabels(row.labels),
    );
  }
  for (const row of db.all("SELECT namespace, digest, labels FROM images")) {
    const namespace = String(row.namespace);
    yield ["content", namespace, String(row.digest), false];
    yield* labelled(namespace, decodeLabels(row.labels));
  }
  for (const row of db.all("SELECT namespace, labels, snapshotter, snapshot_key FROM containers")) {
    const namespace = String(row.namespace);
    if (row.snapshotter !== "")
      yield ["snapshot", namespace, `${row.snapshotter}/${row.snapshot_key}`, false];
    yield* labelled(namespace, decodeLabels(row.labels));
  }
  for (const row of db.all("SELECT namespace, ref, expire_at FROM ingests")) {
    const [namespace, ref] = [String(row.namespace), String(row.ref)];
    const fresh = row.expire_at !== null && Number(row.expire_at) >= now.getTime();
    if (fresh || content.isOpen(namespace, ref)) yield ["ingest", namespace, ref, false];
  }
  for (const [key, labels] of heap.blobs) if (ROOT_LABEL in labels) yield nodeOf(key);
  for (const [key, node] of heap.snapshots) if (ROOT_LABEL in node.labels) yield nodeOf(key);
}

function nodeOf(key: string): Node {
  const [kind, namespace, name] = key.split("\0") as [Node[0], string, string];
  return [kind, namespace, name, false];
}

function* leasedNode(namespace: string, type: string, id: string, flat: boolean): Generator<Node> {
  if (type === "content") yield ["content", namespace, id, flat];
  else if (type === "ingests") yield ["ingest", namespace, id, flat];
  else if (type.startsWith("snapshots/"))
    yield ["snapshot", namespace, `${type.slice("snapshots/".length)}/${id}`, flat];
}

/** What labels refer to. */
function* labelled(namespace: string, labels: Readonly<Record<string, string>>): Generator<Node> {
  for (const [key, value] of Object.entries(labels)) {
    if (key === CONTENT_REF || key.startsWith(`${CONTENT_REF}.`) || key.startsWith(`${CONTENT_REF}/`)) {
      yield ["content", namespace, value, false];
    } else if (key.startsWith(SNAPSHOT_REF)) {
      const snapshotter = key.slice(SNAPSHOT_REF.length).split("/", 1)[0] ?? "";
      yield ["snapshot", namespace, `${snapshotter}/${value}`, false];
    }
  }
}

/** Keys of everything that is reached. */
function mark(start: Iterable<Node>, heap: Heap): ReadonlySet<string> {
  const marked = new Set<string>();
  /** Nodes whose labels were followed: one that was reached flat may be reached fully later. */
  const followed = new Set<string>();
  const grey: Node[] = [...start];
  for (let node = grey.pop(); node !== undefined; node = grey.pop()) {
    const [kind, namespace, name, flat] = node;
    const key = nodeKey(kind, namespace, name);
    const seen = flat ? marked : followed;
    if (seen.has(key)) continue;
    seen.add(key);
    marked.add(key);
    for (const next of references(node, key, heap)) grey.push(next);
  }
  return marked;
}

function* references([kind, namespace, , flat]: Node, key: string, heap: Heap): Generator<Node> {
  if (kind === "content") {
    const labels = heap.blobs.get(key);
    if (labels !== undefined && !flat) yield* labelled(namespace, labels);
  } else if (kind === "snapshot") {
    const node = heap.snapshots.get(key);
    if (node === undefined) return;
    if (node.parent !== "") yield ["snapshot", namespace, `${node.snapshotter}/${node.parent}`, flat];
    if (!flat) yield* labelled(namespace, node.labels);
  } else {
    const expected = heap.ingests.get(key) ?? "";
    if (expected !== "") yield ["content", namespace, expected, flat];
  }
}

/** Removes the records of what is not marked. */
function forget(db: MetadataDatabase, catalog: SnapshotCatalog, heap: Heap, marked: ReadonlySet<string>) {
  const blobs: string[] = [];
  for (const key of heap.blobs.keys()) {
    if (marked.has(key)) continue;
    const [, namespace, digest] = nodeOf(key);
    db.run("DELETE FROM blobs WHERE namespace=? AND digest=?", namespace, digest);
    blobs.push(digest);
  }
  const ingests: number[] = [];
  for (const key of heap.ingests.keys()) {
    if (marked.has(key)) continue;
    const [, namespace, ref] = nodeOf(key);
    ingests.push(Number(db.get("SELECT id FROM ingests WHERE namespace=? AND ref=?", namespace, ref)?.id));
    db.run("DELETE FROM ingests WHERE namespace=? AND ref=?", namespace, ref);
  }
  const doomed = [...heap.snapshots].filter(([key]) => !marked.has(key)).map(([, node]) => node);
  for (const node of childrenFirst(doomed)) catalog.forget(node);
  return { blobs, ingests, snapshots: doomed.length };
}

/** Snapshots with every child before its parent. */
function childrenFirst(nodes: readonly SnapshotNode[]): SnapshotNode[] {
  const byKey = new Map(nodes.map((n) => [nodeKey(n.namespace, n.snapshotter, n.key), n]));
  const depth = (node: SnapshotNode): number => {
    let count = 0;
    for (let n: SnapshotNode | undefined = node; n !== undefined; count++) {
      n = n.parent === "" ? undefined : byKey.get(nodeKey(n.namespace, n.snapshotter, n.parent));
    }
    return count;
  };
  return nodes
    .map((node) => ({ node, depth: depth(node) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ node }) => node);
}
