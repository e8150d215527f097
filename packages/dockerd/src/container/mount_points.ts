/**
 * Mount points of a container: from `-v`, `--mount`, `--tmpfs`, `--volumes-from` and the image's volumes.
 *
 * Source: moby `daemon/volume/mounts/linux_parser.go` (texts), `daemon/volumes.go` registerMountPoints.
 *
 * @module
 */
import { mkdir, stat } from "node:fs/promises";
import { posix } from "node:path";
import type { ContainerConfig, HostConfig, Mount } from "../api/types/index.ts";
import { InvalidParameterError, messageOf } from "../errors.ts";
import { ANONYMOUS_LABEL, checkVolumeName, type VolumeStore } from "../volume/volumes.ts";
import { newId } from "./names.ts";
import type { Container, MountRecord } from "./record.ts";

/** A volume that was made for the container, to be filled from the image. */
export interface MadeVolume {
  readonly destination: string;
  readonly mountpoint: string;
}

/** The mount points of a container, and which of its volumes are new. */
export interface MountPoints {
  readonly mounts: Record<string, MountRecord>;
  readonly made: readonly MadeVolume[];
}

/** A wish for a mount, whatever it was written as. */
interface Wish {
  readonly type: MountRecord["Type"];
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly rw: boolean;
  readonly propagation: string;
  readonly copy: boolean;
  /** Whether a missing source of a bind mount is made. */
  readonly makeSource: boolean;
  readonly nonRecursive?: boolean;
  readonly labels?: Record<string, string>;
  readonly options?: readonly string[];
}

const PROPAGATIONS = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

/** Reads `source:destination:options`. @throws {InvalidParameterError} with Docker's text. */
export function parseBind(spec: string): Wish {
  const invalid = (): never => {
    throw new InvalidParameterError(`invalid volume specification: '${spec}'`);
  };
  const parts = spec.split(":");
  if (spec === "" || parts.length > 3 || parts[0] === "") invalid();
  const [source, destination, mode] =
    parts.length === 1 ? ["", parts[0]!, ""] : [parts[0]!, parts[1]!, parts[2] ?? ""];
  let rw = true;
  let copy = true;
  let propagation = "";
  for (const word of mode === "" ? [] : mode.split(",")) {
    if (word === "ro") rw = false;
    else if (
      word === "rw" ||
      word === "z" ||
      word === "Z" ||
      word === "consistent" ||
      word === "cached" ||
      word === "delegated"
    )
      continue;
    else if (word === "nocopy") copy = false;
    else if (PROPAGATIONS.includes(word)) propagation = word;
    else throw new InvalidParameterError(`invalid mode: ${mode}`);
  }
  checkDestination(destination, spec);
  const isBind = source.startsWith("/");
  if (!isBind && source !== "") checkVolumeName(source);
  return {
    type: isBind ? "bind" : "volume",
    source: isBind ? posix.normalize(source).replace(/(.)\/$/, "$1") : source,
    destination: posix.normalize(destination),
    mode,
    rw,
    propagation: isBind ? propagation || "rprivate" : "",
    copy,
    makeSource: true,
  };
}

/** Refuses a destination that cannot be one. @throws {InvalidParameterError} with Docker's text. */
function checkDestination(destination: string, spec: string): void {
  if (!destination.startsWith("/")) {
    throw new InvalidParameterError(
      `invalid volume specification: '${spec}': invalid mount config for type "volume": invalid mount path: '${destination}' mount path must be absolute`,
    );
  }
  if (posix.normalize(destination) === "/") {
    throw new InvalidParameterError(
      `invalid volume specification: '${spec}': invalid mount config for type "bind": invalid specification: destination can't be '/'`,
    );
  }
}

/** Reads a `--mount`. @throws {InvalidParameterError} with Docker's text. */
export function parseMount(mount: Mount): Wish {
  const type = mount.Type ?? "volume";
  const invalid = (reason: string): never => {
    throw new InvalidParameterError(`invalid mount config for type "${type}": ${reason}`);
  };
  const destination = mount.Target ?? "";
  if (destination === "") invalid("field Target must not be empty");
  if (!destination.startsWith("/"))
    invalid(`invalid mount path: '${destination}' mount path must be absolute`);
  if (posix.normalize(destination) === "/") invalid("invalid specification: destination can't be '/'");
  const base = {
    destination: posix.normalize(destination),
    mode: "",
    rw: mount.ReadOnly !== true,
    copy: true,
    makeSource: false,
  };
  const source = mount.Source ?? "";
  switch (type) {
    case "bind": {
      if (source === "") invalid("field Source must not be empty");
      if (!source.startsWith("/")) invalid(`invalid mount path: '${source}' mount path must be absolute`);
      const { Propagation = "", NonRecursive = false, CreateMountpoint = false } = mount.BindOptions ?? {};
      if (Propagation !== "" && !PROPAGATIONS.includes(Propagation))
        invalid(`invalid propagation mode: ${Propagation}`);
      return {
        ...base,
        type,
        source: posix.normalize(source),
        propagation: Propagation || "rprivate",
        makeSource: CreateMountpoint,
        nonRecursive: NonRecursive,
      };
    }
    case "volume": {
      if (source !== "") checkVolumeName(source);
      const { NoCopy = false, Labels, Subpath, DriverConfig } = mount.VolumeOptions ?? {};
      if (Subpath) invalid("volume subpaths are not supported");
      if (DriverConfig?.Name && DriverConfig.Name !== "local")
        invalid(`unknown volume driver ${DriverConfig.Name}`);
      return { ...base, type, source, propagation: "", copy: !NoCopy, ...(Labels ? { labels: Labels } : {}) };
    }
    case "tmpfs": {
      if (source !== "") invalid("field Source must not be specified");
      const { SizeBytes, Mode } = mount.TmpfsOptions ?? {};
      const options = [
        ...(SizeBytes ? [`size=${SizeBytes}`] : []),
        ...(Mode === undefined ? ["mode=1777"] : [`mode=${Mode.toString(8)}`]),
      ];
      return { ...base, type, source: "", propagation: "", options };
    }
    default:
      throw new InvalidParameterError(`mount type "${type}" is not supported`);
  }
}

/** The container that `--volumes-from` names. @throws {InvalidParameterError}: an unknown one is no missing image. */
function donor(others: (name: string) => Container, name: string): Container {
  try {
    return others(name);
  } catch (cause) {
    throw new InvalidParameterError(messageOf(cause), { cause });
  }
}

/** Every wish of a container, in the order of precedence: later ones do not replace earlier ones. */
function wishes(config: ContainerConfig, host: HostConfig, others: (name: string) => Container): Wish[] {
  const asked = [
    ...(host.Binds ?? []).map(parseBind),
    ...(host.Mounts ?? []).map(parseMount),
    ...Object.entries(host.Tmpfs ?? {}).map(
      ([destination, options]): Wish => ({
        type: "tmpfs",
        source: "",
        destination: posix.normalize(destination),
        mode: options,
        rw: true,
        propagation: "",
        copy: false,
        makeSource: false,
        options: options === "" ? [] : options.split(","),
      }),
    ),
  ];
  const seen = new Set<string>();
  for (const { destination } of asked) {
    if (seen.has(destination)) throw new InvalidParameterError(`Duplicate mount point: ${destination}`);
    seen.add(destination);
  }
  const inherited = (host.VolumesFrom ?? []).flatMap((spec): Wish[] => {
    const [name = "", mode = "rw"] = spec.split(":");
    if (!["ro", "rw", "z", "Z"].includes(mode))
      throw new InvalidParameterError(`invalid mode for volumes-from: ${mode}`);
    return Object.values(donor(others, name).record.MountPoints)
      .filter((mount) => mount.Type !== "tmpfs")
      .map((mount) => ({
        type: mount.Type,
        source: mount.Name ?? mount.Source,
        destination: mount.Destination,
        mode: mount.Mode,
        rw: mount.RW && mode !== "ro",
        propagation: mount.Propagation,
        copy: false,
        makeSource: false,
      }));
  });
  const fromImage = Object.keys(config.Volumes ?? {}).map(
    (path): Wish => ({
      type: "volume",
      source: "",
      destination: posix.normalize(path),
      mode: "",
      rw: true,
      propagation: "",
      copy: true,
      makeSource: false,
    }),
  );
  return [...asked, ...inherited, ...fromImage];
}

/** Makes what is missing (volumes, directories of `-v`) and tells what is to be mounted. */
export async function makeMountPoints(
  deps: { readonly volumes: VolumeStore; readonly container: (name: string) => Container },
  config: ContainerConfig,
  host: HostConfig,
): Promise<MountPoints> {
  const mounts: Record<string, MountRecord> = {};
  const made: MadeVolume[] = [];
  for (const wish of wishes(config, host, deps.container)) {
    if (wish.destination in mounts) continue;
    const common = {
      Destination: wish.destination,
      Mode: wish.mode,
      RW: wish.rw,
      Propagation: wish.propagation,
    };
    if (wish.type === "tmpfs") {
      mounts[wish.destination] = { Type: "tmpfs", Source: "", ...common, Options: wish.options ?? [] };
    } else if (wish.type === "bind") {
      if (!wish.makeSource && (await stat(wish.source).catch(() => undefined)) === undefined) {
        throw new InvalidParameterError(
          `invalid mount config for type "bind": bind source path does not exist: ${wish.source}`,
        );
      }
      if (wish.makeSource) await makeSource(wish.source);
      mounts[wish.destination] = {
        Type: "bind",
        Source: wish.source,
        ...common,
        ...(wish.nonRecursive ? { NonRecursive: true } : {}),
      };
    } else {
      const anonymous = wish.source === "";
      const name = anonymous ? newId() : wish.source;
      const labels = anonymous ? { [ANONYMOUS_LABEL]: "", ...wish.labels } : (wish.labels ?? null);
      const { volume } = await deps.volumes.ensure(name, labels);
      if (wish.copy) made.push({ destination: wish.destination, mountpoint: volume.Mountpoint });
      mounts[wish.destination] = {
        Type: "volume",
        Name: name,
        Source: volume.Mountpoint,
        Driver: "local",
        ...common,
        Mode: wish.mode || (anonymous ? "" : "z"),
        ...(anonymous ? { Anonymous: true } : {}),
      };
    }
  }
  return { mounts, made };
}

/** Makes the directory that a `-v` names if it is not there. */
async function makeSource(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return;
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new InvalidParameterError(
      `error while creating mount source path '${path}': ${(cause as Error).message}`,
      { cause },
    );
  }
}
