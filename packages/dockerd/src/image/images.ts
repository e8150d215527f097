/**
 * The calls on images, each one operation.
 *
 * @module
 */
import { type ExportImage, exportImages, importImages } from "@rt/containerd";
import type { ImagesApi } from "../api/engine.ts";
import type { JsonMessage } from "../api/types/index.ts";
import { InvalidParameterError, messageOf } from "../errors.ts";
import {
  formatFamiliar,
  formatReference,
  hostPlatform,
  parseFamiliar,
  parsePlatform,
  withDefaultTag,
} from "../oci.ts";
import { createContentsReader, NAMESPACE } from "./contents.ts";
import { importImage } from "./import.ts";
import { type ImageReadDeps, imageHistory, inspectImage, listImages } from "./list.ts";
import { setName } from "./names.ts";
import { progressStream } from "./progress.ts";
import { pruneImages, type RemoveDeps, removeImage } from "./remove.ts";
import { DANGLING } from "./store.ts";
import { pullImage, pushImage, referenceOf, remoteFor, type TransferDeps } from "./transfer.ts";

/** What the calls need. */
export type ImagesDeps = ImageReadDeps & TransferDeps & RemoveDeps;

/** Loads the images of an archive. */
function loadImages(
  deps: ImagesDeps,
  tar: AsyncIterable<Uint8Array>,
  options: { readonly signal?: AbortSignal; readonly platform?: string },
): AsyncIterable<JsonMessage> {
  return progressStream(async (emit, signal) => {
    const loaded = await importImages(
      deps.containerd,
      tar,
      {
        snapshotter: deps.snapshotter,
        unnamedAs: (digest) => `${DANGLING}${digest}`,
        ...(options.platform ? { platform: parsePlatform(options.platform) } : {}),
      },
      { namespace: NAMESPACE, signal },
    );
    deps.store.invalidate();
    const contents = createContentsReader(deps.containerd);
    for (const { image, target } of loaded) {
      const { id } = await contents.read(target);
      const named = image !== undefined && !image.name.startsWith(DANGLING);
      const shown = named ? formatFamiliar(parseFamiliar(image.name)) : id;
      emit({ stream: named ? `Loaded image: ${shown}\n` : `Loaded image ID: ${id}\n` });
      deps.events.publish({ type: "image", action: "load", id, attributes: { name: shown } });
    }
  }, options.signal);
}

/** What of an image is saved under `name`. */
async function savedImages(deps: ImagesDeps, name: string): Promise<ExportImage[]> {
  const image = await deps.store.get(name);
  const named = image.records.filter((record) => !record.name.startsWith(DANGLING));
  const isId = /^(sha256:)?[0-9a-f]+$/.test(name) && !named.some((r) => r.name === fullName(name));
  if (isId) return [{ target: image.records[0]?.target ?? image.descriptor }];
  const record = named.find((r) => r.name === fullName(name)) ?? named[0];
  return record === undefined
    ? [{ target: image.descriptor }]
    : [{ name: record.name, target: record.target }];
}

/** A name as containerd has it; empty if it is none. */
function fullName(name: string): string {
  try {
    return formatReference(withDefaultTag(parseFamiliar(name)));
  } catch {
    return "";
  }
}

/** The calls on images. */
export function createImages(deps: ImagesDeps): ImagesApi {
  return {
    list: (options) => listImages(deps, options),
    inspect: (name) => inspectImage(deps, name),
    history: (name) => imageHistory(deps, name),
    pull: (name, options) => pullImage(deps, name, options),
    push: (name, options) => pushImage(deps, name, options),
    import: (tar, options = {}) =>
      progressStream(async (emit, signal) => {
        const { id, name } = await importImage(deps.containerd, tar, {
          ...options,
          signal,
          snapshotter: deps.snapshotter,
        });
        deps.store.invalidate();
        emit({ status: id });
        if (!name.startsWith(DANGLING)) {
          const shown = formatFamiliar(parseFamiliar(name));
          deps.events.publish({ type: "image", action: "tag", id, attributes: { name: shown } });
        }
        deps.events.publish({ type: "image", action: "import", id, attributes: { name: id } });
      }, options.signal),
    load: (tar, options = {}) => loadImages(deps, tar, options),
    async save(names, { signal } = {}) {
      if (names.length === 0) throw new InvalidParameterError("at least one image is required");
      const images = (await Promise.all(names.map((name) => savedImages(deps, name)))).flat();
      const call = { namespace: NAMESPACE, ...(signal === undefined ? {} : { signal }) };
      return exportImages(deps.containerd, images, { platform: hostPlatform() }, call);
    },
    async tag(name, { repo, tag }) {
      const image = await deps.store.get(name);
      let reference: ReturnType<typeof referenceOf>;
      try {
        reference = withDefaultTag(referenceOf(repo, tag));
      } catch (cause) {
        throw new InvalidParameterError(messageOf(cause), { cause });
      }
      if (reference.digest !== undefined)
        throw new InvalidParameterError("refusing to create a tag with a digest reference");
      const target = image.records[0]?.target ?? image.descriptor;
      await setName(deps.containerd.images, formatReference(reference), target);
      deps.store.invalidate();
      deps.events.publish({
        type: "image",
        action: "tag",
        id: image.id,
        attributes: { name: formatFamiliar(reference) },
      });
    },
    remove: (name, options) => removeImage(deps, name, options),
    prune: (options = {}) => pruneImages(deps, options.filters),
    async distribution(name, { auth, signal } = {}) {
      const reference = withDefaultTag(referenceOf(name, undefined));
      using remote = remoteFor(deps, auth);
      const { descriptor } = await remote.resolve(
        formatReference(reference),
        signal === undefined ? {} : { signal },
      );
      return { Descriptor: descriptor, Platforms: [] };
    },
  };
}
