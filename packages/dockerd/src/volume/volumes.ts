/**
 * Volumes: directories below `<data-root>/volumes/<name>/_data`.
 *
 * What there is, is what is on disk; labels and options stand in `<name>/volume.json` beside the data.
 * Source: moby `daemon/volume/local/local.go`, `daemon/volume/service`.
 *
 * @module
 */
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { VolumesApi } from "../api/engine.ts";
import type { Volume } from "../api/types/index.ts";
import { newId } from "../container/names.ts";
import { writeAtomically } from "../container/store.ts";
import { ConflictError, InvalidParameterError, NotFoundError } from "../errors.ts";
import type { EventHub } from "../events/hub.ts";
import { checkFilters, matchesLabels } from "../filters.ts";
import { Mutex } from "../mutex.ts";
import { formatNano, type NanoClock } from "../time.ts";

/** What stands in `volume.json`. */
interface VolumeFile {
  readonly CreatedAt: string;
  readonly Labels: Record<string, string> | null;
  readonly Options: Record<string, string> | null;
}

/** Options of {@linkcode openVolumes}. */
export interface VolumesOptions {
  /** `<data-root>/volumes`. */
  readonly root: string;
  readonly clock: NanoClock;
  readonly events: EventHub;
  /** Ids of the containers that use a volume. */
  readonly usersOf: (name: string) => readonly string[];
}

/** Volumes, and what containers need of them. */
export interface VolumeStore extends VolumesApi {
  /** The volume, made if it is not there; says whether it was made. */
  ensure(name: string, labels?: Record<string, string> | null): Promise<{ volume: Volume; created: boolean }>;
}

/** Label of volumes that a container made without a name. */
export const ANONYMOUS_LABEL = "com.docker.volume.anonymous";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Refuses a name that is none. @throws {InvalidParameterError} with Docker's text. */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw new InvalidParameterError(
      `volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!NAME.test(name)) {
    throw new InvalidParameterError(
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

/** Opens the volumes below `options.root`. */
export async function openVolumes(options: VolumesOptions): Promise<VolumeStore> {
  const { root, events, clock, usersOf } = options;
  await mkdir(root, { recursive: true, mode: 0o701 });
  const lock = new Mutex();

  const read = async (name: string): Promise<Volume | undefined> => {
    if (!NAME.test(name)) return undefined;
    const Mountpoint = join(root, name, "_data");
    const found = await stat(Mountpoint).catch(() => undefined);
    if (!found?.isDirectory()) return undefined;
    const file = await readFile(join(root, name, "volume.json"), "utf8").then(
      (text) => JSON.parse(text) as VolumeFile,
      () => undefined,
    );
    return {
      CreatedAt: file?.CreatedAt ?? found.mtime.toISOString(),
      Driver: "local",
      Labels: file?.Labels ?? null,
      Mountpoint,
      Name: name,
      Options: file?.Options ?? null,
      Scope: "local",
    };
  };
  const get = async (name: string): Promise<Volume> => {
    const found = await read(name);
    if (found === undefined) throw new NotFoundError(`get ${name}: no such volume`);
    return found;
  };
  const all = async (): Promise<Volume[]> => {
    const names = await readdir(root);
    const found = await Promise.all(names.map(read));
    return found.filter((volume) => volume !== undefined);
  };
  const make = async (name: string, labels: VolumeFile["Labels"], driverOptions: VolumeFile["Options"]) =>
    await lock.run(async () => {
      const found = await read(name);
      if (found !== undefined) return { volume: found, created: false };
      const file: VolumeFile = { CreatedAt: formatNano(clock()), Labels: labels, Options: driverOptions };
      await mkdir(join(root, name), { mode: 0o701, recursive: true });
      await writeAtomically(join(root, name, "volume.json"), JSON.stringify(file));
      await mkdir(join(root, name, "_data"), { mode: 0o755 });
      events.publish({ type: "volume", action: "create", id: name, attributes: { driver: "local" } });
      return { volume: (await read(name))!, created: true };
    });
  const remove = async (name: string): Promise<void> => {
    await lock.run(async () => {
      const users = usersOf(name);
      if (users.length > 0) {
        throw new ConflictError(`remove ${name}: volume is in use - [${users.join(", ")}]`);
      }
      await rm(join(root, name), { recursive: true, force: true });
    });
    events.publish({ type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
  };
  const checkDriver = (driver: string | undefined): void => {
    if (driver !== undefined && driver !== "" && driver !== "local") {
      throw new NotFoundError(
        `error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
      );
    }
  };

  return {
    ensure: (name, labels = null) => make(name, labels, null),
    async list({ filters = {} } = {}) {
      checkFilters(filters, ["dangling", "driver", "label", "name"]);
      const volumes = (await all()).filter(
        (volume) =>
          (filters.name === undefined || filters.name.some((name) => volume.Name.includes(name))) &&
          (filters.driver === undefined || filters.driver.includes(volume.Driver)) &&
          matchesLabels(volume.Labels ?? {}, filters.label) &&
          (filters.dangling === undefined ||
            /^(1|true)$/i.test(filters.dangling[0] ?? "") === (usersOf(volume.Name).length === 0)),
      );
      return { Volumes: volumes, Warnings: null };
    },
    async create(request) {
      checkDriver(request.Driver);
      const name = request.Name || newId();
      checkVolumeName(name);
      const driverOptions = request.DriverOpts ?? null;
      if (driverOptions !== null && Object.keys(driverOptions).length > 0) {
        throw new InvalidParameterError(`create ${name}: options of the local driver are not supported`);
      }
      const anonymous = request.Name ? {} : { [ANONYMOUS_LABEL]: "" };
      const labels = { ...request.Labels, ...anonymous };
      return (
        await make(name, Object.keys(labels).length === 0 ? (request.Labels ?? null) : labels, driverOptions)
      ).volume;
    },
    inspect: (name) => get(name),
    async remove(name, { force } = {}) {
      if ((await read(name)) === undefined) {
        if (force) return;
        await get(name);
      }
      await remove(name);
    },
    async prune({ filters = {} } = {}) {
      checkFilters(filters, ["all", "label", "label!"]);
      const every = /^(1|true)$/i.test(filters.all?.[0] ?? "");
      const deleted: string[] = [];
      for (const volume of await all()) {
        if (!every && !(ANONYMOUS_LABEL in (volume.Labels ?? {}))) continue;
        if (!matchesLabels(volume.Labels ?? {}, filters.label) || usersOf(volume.Name).length > 0) continue;
        await remove(volume.Name);
        deleted.push(volume.Name);
      }
      events.publish({ type: "volume", action: "prune", id: "", attributes: { reclaimed: "0" } });
      return { VolumesDeleted: deleted, SpaceReclaimed: 0 };
    },
  };
}
