/**
 * Images as Docker sees them: containerd's named targets, grouped by the digest of their config.
 *
 * The view is read once and again when something has changed: by our own calls, or by containerd's image events.
 * An image without name is kept under `moby-dangling@<digest>`, as docker's containerd image store keeps it.
 * Source: moby `daemon/containerd/image.go`, `image_list.go`.
 *
 * @module
 */
import type { Containerd, Image } from "@rt/containerd/api";
import { hasCode, InvalidParameterError, messageOf, noSuchImage } from "../errors.ts";
import {
  formatFamiliar,
  formatReference,
  type Logger,
  parseFamiliar,
  type Reference,
  withDefaultTag,
} from "../oci.ts";
import { createContentsReader, type ImageContents, NAMESPACE } from "./contents.ts";

/** Prefix of the names of images that have none. */
export const DANGLING = "moby-dangling@";

/** An image with all its names. */
export interface LocalImage extends ImageContents {
  /** containerd's records, dangling ones included. */
  readonly records: readonly Image[];
}

/** The images of the engine. */
export interface ImageStore {
  list(): Promise<readonly LocalImage[]>;
  /** The image with this id, unique beginning of an id, or name. @throws `NOT_FOUND` with Docker's text. */
  get(name: string): Promise<LocalImage>;
  /** As {@linkcode ImageStore.get}, but undefined if there is none. */
  find(name: string): Promise<LocalImage | undefined>;
  /** Reads again before the next answer. */
  invalidate(): void;
}

/** The view of one moment. */
interface View {
  readonly images: readonly LocalImage[];
  readonly byId: ReadonlyMap<string, LocalImage>;
  readonly byName: ReadonlyMap<string, LocalImage>;
}

/** Makes the store. */
export function createImageStore(
  containerd: Pick<Containerd, "images" | "content">,
  options: { readonly log: Logger },
): ImageStore {
  const contents = createContentsReader(containerd);
  let view: Promise<View> | undefined;

  const read = async (): Promise<View> => {
    const records = await containerd.images.list([], { namespace: NAMESPACE });
    const groups = new Map<string, { contents: ImageContents; records: Image[] }>();
    await Promise.all(
      records.map(async (record) => {
        try {
          const found = await contents.read(record.target);
          const group = groups.get(found.id) ?? { contents: found, records: [] };
          group.records.push(record);
          groups.set(found.id, group);
        } catch (err) {
          if (!hasCode(err, "NOT_FOUND")) throw err;
          options.log.debug("image without content", { image: record.name, err });
        }
      }),
    );
    const images = [...groups.values()].map((group) => ({
      ...group.contents,
      records: group.records.sort((a, b) => (a.name < b.name ? -1 : 1)),
    }));
    const byName = new Map(images.flatMap((image) => image.records.map((r) => [r.name, image] as const)));
    return { images, byId: new Map(images.map((image) => [image.id, image])), byName };
  };
  const current = (): Promise<View> => {
    if (view === undefined) {
      const reading = read();
      view = reading;
      reading.catch(() => {
        if (view === reading) view = undefined;
      });
    }
    return view;
  };

  const store: ImageStore = {
    list: async () => (await current()).images,
    async find(name) {
      const { byId, byName, images } = await current();
      const hex = name.startsWith("sha256:") ? name.slice("sha256:".length) : name;
      if (/^[0-9a-f]{64}$/.test(hex)) {
        const id = `sha256:${hex}`;
        return byId.get(id) ?? images.find((image) => image.records.some((r) => r.target.digest === id));
      }
      const reference = parseName(name);
      if (reference !== undefined) {
        const found = byName.get(formatReference(withDefaultTag(reference)));
        if (found !== undefined) return found;
        if (reference.digest !== undefined) return byDigest(images, reference);
      }
      if (!/^[0-9a-f]+$/.test(hex)) return undefined;
      const matches = images.filter((image) => image.id.startsWith(`sha256:${hex}`));
      return matches.length === 1 ? matches[0] : undefined;
    },
    async get(name) {
      const found = await store.find(name);
      if (found !== undefined) return found;
      if (/^(sha256:)?[0-9a-f]{64}$/.test(name)) throw noSuchImage(name);
      let shown = name;
      try {
        shown = formatFamiliar(withDefaultTag(parseFamiliar(name)));
      } catch (cause) {
        throw new InvalidParameterError(messageOf(cause), { cause });
      }
      throw noSuchImage(shown);
    },
    invalidate() {
      view = undefined;
    },
  };
  return store;
}

/** A name as a reference; undefined if it is none. */
function parseName(name: string): Reference | undefined {
  try {
    return parseFamiliar(name);
  } catch {
    return undefined;
  }
}

/** An image by repository and digest. */
function byDigest(images: readonly LocalImage[], reference: Reference): LocalImage | undefined {
  const repository = formatReference({ domain: reference.domain, path: reference.path });
  return images.find((image) =>
    image.records.some(
      (r) =>
        (r.target.digest === reference.digest || image.id === reference.digest) &&
        (r.name.startsWith(`${repository}:`) || r.name.startsWith(`${repository}@`)),
    ),
  );
}

/** Tags and digests of an image as Docker shows them. */
export function shownNames(image: LocalImage): { tags: string[]; digests: string[] } {
  const tags = new Set<string>();
  const digests = new Set<string>();
  for (const record of image.records) {
    if (record.name.startsWith(DANGLING)) continue;
    const reference = parseName(record.name);
    if (reference === undefined) continue;
    if (reference.tag !== undefined)
      tags.add(formatFamiliar({ domain: reference.domain, path: reference.path, tag: reference.tag }));
    const { domain, path } = reference;
    digests.add(formatFamiliar({ domain, path, digest: record.target.digest }));
  }
  return { tags: [...tags], digests: [...digests] };
}
