/**
 * Reading of image documents that came from elsewhere: the fields that we rely on are checked before they are used.
 *
 * A manifest with an index's `manifests`, or an index with a manifest's `layers`, is refused whatever its media type
 * says, because two readers could take it for different images (CVE-2021-41190).
 *
 * Source: image-spec 1.1 `manifest.md`, `image-index.md`, `config.md`, `descriptor.md`.
 *
 * @module
 */
import { isDigest } from "../digest.ts";
import { InvalidDocumentError } from "../errors.ts";
import { type Json, ProblemList, show } from "../runtime/problem.ts";
import type { ImageConfig } from "./image_config.ts";
import type { ImageIndex } from "./image_index.ts";
import type { Manifest } from "./manifest.ts";
import { baseMediaType, MEDIA_TYPE, mediaKind } from "./media_type.ts";

/** Largest manifest or index that we read. Bytes. */
export const MANIFEST_MAX_BYTES: number = 4 * 1024 * 1024;

/**
 * Reads an image manifest.
 *
 * @throws {InvalidDocumentError} `INVALID_ARGUMENT` if it is none.
 */
export function parseManifest(text: string): Manifest {
  const { top, list } = open("image manifest", text);
  checkHead(list, top, "manifest", "manifests");
  checkDescriptor(list, list.object(top, "config", "", true), "config");
  list.array(top, "layers", "", true);
  list.each(top, "layers", "", (layer, path) => checkDescriptor(list, layer, path));
  const config = top.config as Json | undefined;
  if (config?.mediaType === MEDIA_TYPE.empty && !top.artifactType) {
    list.error("artifactType", "is required where the config is the empty descriptor");
  }
  return close("image manifest", list, top) as Manifest;
}

/**
 * Reads an image index.
 *
 * @throws {InvalidDocumentError} `INVALID_ARGUMENT` if it is none.
 */
export function parseImageIndex(text: string): ImageIndex {
  const { top, list } = open("image index", text);
  checkHead(list, top, "index", "layers");
  if (top.config !== undefined) list.error("config", "must not be in an index");
  list.array(top, "manifests", "", true);
  list.each(top, "manifests", "", (manifest, path) => {
    checkDescriptor(list, manifest, path);
    const platform = list.object(manifest, "platform", path);
    if (platform === undefined) return;
    for (const key of ["architecture", "os"]) list.string(platform, key, `${path}.platform`, undefined, true);
    for (const key of ["variant", "os.version"]) list.string(platform, key, `${path}.platform`);
    list.strings(platform, "os.features", `${path}.platform`);
  });
  return close("image index", list, top) as ImageIndex;
}

/**
 * Reads an image config.
 *
 * @throws {InvalidDocumentError} `INVALID_ARGUMENT` if it is none.
 */
export function parseImageConfig(text: string): ImageConfig {
  const { top, list } = open("image config", text);
  for (const key of ["architecture", "os"]) list.string(top, key, "", undefined, true);
  for (const key of ["variant", "os.version", "created", "author"]) list.string(top, key, "");
  const rootfs = list.object(top, "rootfs", "", true);
  if (rootfs !== undefined) {
    list.word(rootfs, "type", "rootfs", ["layers"]);
    list.array(rootfs, "diff_ids", "rootfs", rootfs.diff_ids !== null);
    list.strings(rootfs, "diff_ids", "rootfs", digestFault);
  }
  const run = list.object(top, "config", "");
  if (run !== undefined) {
    for (const key of ["User", "WorkingDir", "StopSignal"]) list.string(run, key, "config");
    for (const key of ["Env", "Entrypoint", "Cmd", "OnBuild", "Shell"]) list.strings(run, key, "config");
    for (const key of ["ExposedPorts", "Volumes"]) list.object(run, key, "config");
    list.texts(run, "Labels", "config");
  }
  list.each(top, "history", "", (step, path) => list.boolean(step, "empty_layer", path));
  return close("image config", list, top) as ImageConfig;
}

function open(kind: string, text: string): { top: Json; list: ProblemList } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidDocumentError(kind, cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const list = new ProblemList();
  const top = list.asObject(value, "");
  if (top === undefined) throw new InvalidDocumentError(kind, `must be an object, is ${show(value)}`);
  return { top, list };
}

function close(kind: string, list: ProblemList, top: unknown): unknown {
  const [first] = list.found;
  if (first === undefined) return top;
  throw new InvalidDocumentError(kind, `${first.path} ${first.message}`, {
    details: { problems: list.found },
  });
}

function checkHead(list: ProblemList, top: Json, kind: "manifest" | "index", foreign: string): void {
  const version = list.integer(top, "schemaVersion", "", { required: true });
  if (version !== undefined && version !== 2) list.error("schemaVersion", `must be 2, is ${version}`);
  list.string(top, "mediaType", "", (type) =>
    mediaKind(type) === kind
      ? undefined
      : `must be that of an ${kind === "index" ? "index" : "image manifest"}, is ${show(type)}`,
  );
  if (top[foreign] !== undefined)
    list.error(foreign, `must not be in ${kind === "index" ? "an index" : "a manifest"}`);
  checkDescriptor(list, list.object(top, "subject", ""), "subject");
  list.texts(top, "annotations", "");
}

function digestFault(text: string): string | undefined {
  return isDigest(text) ? undefined : `must be a digest, is ${show(text)}`;
}

function checkDescriptor(list: ProblemList, descriptor: Json | undefined, at: string): void {
  if (descriptor === undefined) return;
  list.string(
    descriptor,
    "mediaType",
    at,
    (type) =>
      /^[\w.+-]+\/[\w.+-]+$/.test(baseMediaType(type)) ? undefined : `must be a media type, is ${show(type)}`,
    true,
  );
  list.string(descriptor, "digest", at, digestFault, true);
  list.integer(descriptor, "size", at, { required: true });
  list.strings(descriptor, "urls", at);
  list.texts(descriptor, "annotations", at);
  list.string(descriptor, "data", at, (data) =>
    /^[A-Za-z0-9+/]*={0,2}$/.test(data) && data.length % 4 === 0 ? undefined : "must be base64",
  );
}
