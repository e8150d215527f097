/**
 * Containers on disk and in memory: one directory each, found by id, name or the beginning of the id.
 *
 * Files are written beside and renamed, so that a reader after a crash sees the old or the new one.
 *
 * @module
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HostConfig } from "../api/types/index.ts";
import { InvalidParameterError, nameInUse, noSuchContainer } from "../errors.ts";
import type { Logger } from "../oci.ts";
import { type Container, type ContainerRecord, containerOf } from "./record.ts";

/** The containers of an engine. */
export interface ContainerStore {
  /** Directory of a container. */
  dirOf(id: string): string;
  /** The container with this id, name or unique beginning of the id. @throws `NOT_FOUND` with Docker's text. */
  get(name: string): Container;
  /** As {@linkcode ContainerStore.get}, but undefined if there is none. */
  find(name: string): Container | undefined;
  /** All, the newest first. */
  all(): Container[];
  readonly size: number;
  /** Holds a name for `id`. @throws `CONFLICT` with Docker's text. */
  reserveName(name: string, id: string): void;
  /** Whether a name is held. */
  hasName(name: string): boolean;
  /** Gives a name back. */
  releaseName(name: string): void;
  /** Puts a new container in, on disk first. */
  add(container: Container): Promise<void>;
  /** Writes what has changed. */
  save(container: Container): Promise<void>;
  /** Takes a container out and deletes its directory. */
  remove(container: Container): Promise<void>;
}

/** Opens the store below `root` and reads what is there. */
export async function openContainerStore(
  root: string,
  options: { readonly log: Logger },
): Promise<ContainerStore> {
  await mkdir(root, { recursive: true, mode: 0o710 });
  const byId = new Map<string, Container>();
  const byName = new Map<string, string>();
  const prefixes = new Map<string, Set<string>>();
  const dirOf = (id: string): string => join(root, id);

  const index = (container: Container): void => {
    byId.set(container.id, container);
    const key = container.id.slice(0, PREFIX);
    const ids = prefixes.get(key) ?? new Set();
    prefixes.set(key, ids.add(container.id));
  };
  const byPrefix = (text: string): Container | undefined => {
    if (!/^[0-9a-f]+$/.test(text)) return undefined;
    const pool =
      text.length >= PREFIX
        ? (prefixes.get(text.slice(0, PREFIX)) ?? [])
        : [...prefixes].flatMap(([key, ids]) => (key.startsWith(text) ? [...ids] : []));
    const matches = [...pool].filter((id) => id.startsWith(text));
    if (matches.length > 1)
      throw new InvalidParameterError(`multiple IDs found with provided prefix: ${text}`);
    return matches[0] === undefined ? undefined : byId.get(matches[0]);
  };
  const save = async (container: Container): Promise<void> => {
    const dir = dirOf(container.id);
    await Promise.all([
      writeAtomically(join(dir, "config.v2.json"), JSON.stringify(container.record)),
      writeAtomically(join(dir, "hostconfig.json"), JSON.stringify(container.hostConfig)),
    ]);
  };

  for (const container of await load(root, options.log)) {
    index(container);
    byName.set(container.record.Name.slice(1), container.id);
  }

  const store: ContainerStore = {
    dirOf,
    get size() {
      return byId.size;
    },
    find(name) {
      if (name === "") return undefined;
      const bare = name.startsWith("/") ? name.slice(1) : name;
      const id = byName.get(bare);
      return byId.get(name) ?? (id === undefined ? undefined : byId.get(id)) ?? byPrefix(name);
    },
    get(name) {
      const found = store.find(name);
      if (found === undefined) throw noSuchContainer(name);
      return found;
    },
    all: () => [...byId.values()].sort((a, b) => (a.record.Created < b.record.Created ? 1 : -1)),
    reserveName(name, id) {
      const owner = byName.get(name);
      if (owner !== undefined && owner !== id) throw nameInUse(name, owner);
      byName.set(name, id);
    },
    hasName: (name) => byName.has(name),
    releaseName(name) {
      byName.delete(name);
    },
    async add(container) {
      await mkdir(dirOf(container.id), { mode: 0o710 });
      await save(container);
      index(container);
    },
    save,
    async remove(container) {
      await rm(dirOf(container.id), { recursive: true, force: true });
      byId.delete(container.id);
      const ids = prefixes.get(container.id.slice(0, PREFIX));
      ids?.delete(container.id);
      if (ids?.size === 0) prefixes.delete(container.id.slice(0, PREFIX));
      if (byName.get(container.record.Name.slice(1)) === container.id)
        byName.delete(container.record.Name.slice(1));
    },
  };
  return store;
}

/** How many digits of an id the prefix index knows. */
const PREFIX = 4;

/** Reads every container below `root`; what cannot be read is told and left alone. */
async function load(root: string, log: Logger): Promise<Container[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const loaded = await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isDirectory() || !/^[0-9a-f]{64}$/.test(entry.name)) return undefined;
      const dir = join(root, entry.name);
      try {
        const [config, host] = await Promise.all([
          readFile(join(dir, "config.v2.json"), "utf8"),
          readFile(join(dir, "hostconfig.json"), "utf8"),
        ]);
        return containerOf(JSON.parse(config) as ContainerRecord, JSON.parse(host) as HostConfig);
      } catch (err) {
        log.warn("cannot load container", { container: entry.name, err });
        return undefined;
      }
    }),
  );
  return loaded.filter((container) => container !== undefined);
}

/** Writes a file that a crash leaves old or new, never torn. */
export async function writeAtomically(path: string, text: string, mode: number = 0o600): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, path);
}
