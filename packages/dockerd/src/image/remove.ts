/**
 * Removes names of images, and images that have none left.
 *
 * Content and snapshots go by containerd's garbage collection.
 * Source: moby `daemon/images/image_delete.go` (texts and order).
 *
 * @module
 */
import type { Containerd } from "@rt/containerd/api";
import type { Filters, ImageDeleteItem, ImagePruneResponse } from "../api/types/index.ts";
import type { Container } from "../container/record.ts";
import { ConflictError, hasCode } from "../errors.ts";
import type { EventHub } from "../events/hub.ts";
import { checkFilters, matchesLabels } from "../filters.ts";
import { formatFamiliar, formatReference, parseFamiliar, withDefaultTag } from "../oci.ts";
import { NAMESPACE } from "./contents.ts";
import { shortDigest } from "./progress.ts";
import type { ImageSizes } from "./sizes.ts";
import { DANGLING, type ImageStore, type LocalImage, shownNames } from "./store.ts";

/** What removal needs. */
export interface RemoveDeps {
  readonly containerd: Pick<Containerd, "images">;
  readonly store: ImageStore;
  readonly sizes: ImageSizes;
  readonly events: EventHub;
  /** Containers made from an image. */
  readonly containersOf: (imageId: string) => readonly Container[];
}

/** Whether `name` is the beginning of the image's id. */
function isIdPrefix(image: LocalImage, name: string): boolean {
  return image.id.startsWith(name) || image.id.slice("sha256:".length).startsWith(name);
}

/** Takes a name away. */
async function untag(deps: RemoveDeps, image: LocalImage, name: string, sync: boolean): Promise<void> {
  await deps.containerd.images.delete(name, { sync }, { namespace: NAMESPACE }).catch((err) => {
    if (!hasCode(err, "NOT_FOUND")) throw err;
  });
  if (name.startsWith(DANGLING)) return;
  deps.events.publish({ type: "image", action: "untag", id: image.id, attributes: { name: image.id } });
}

/** Refuses to delete an image that containers use. @throws {ConflictError} with Docker's text. */
function checkUse(deps: RemoveDeps, image: LocalImage, force: boolean): void {
  const id = shortDigest(image.id);
  for (const container of deps.containersOf(image.id)) {
    const user = container.id.slice(0, 12);
    if (container.record.State.Running) {
      throw new ConflictError(
        `conflict: unable to delete ${id} (cannot be forced) - image is being used by running container ${user}`,
      );
    }
    if (!force) {
      throw new ConflictError(
        `conflict: unable to delete ${id} (must be forced) - image is being used by stopped container ${user}`,
      );
    }
  }
}

/** Removes the name or the image that `name` means. @throws `NOT_FOUND`, `CONFLICT` with Docker's text. */
export async function removeImage(
  deps: RemoveDeps,
  name: string,
  options: { readonly force?: boolean } = {},
): Promise<ImageDeleteItem[]> {
  const image = await deps.store.get(name);
  const force = options.force === true;
  const records = image.records.filter((record) => !record.name.startsWith(DANGLING));
  const items: ImageDeleteItem[] = [];
  try {
    if (!isIdPrefix(image, name)) {
      const users = deps.containersOf(image.id);
      if (!force && records.length <= 1 && users.length > 0) {
        throw new ConflictError(
          `conflict: unable to remove repository reference ${JSON.stringify(name)} (must force) - container ${users[0]!.id.slice(0, 12)} is using its referenced image ${shortDigest(image.id)}`,
        );
      }
      const reference = withDefaultTag(parseFamiliar(name));
      const full = formatReference(reference);
      const record = records.find((r) => r.name === full) ?? records[0];
      const last = records.length <= 1;
      if (record !== undefined) await untag(deps, image, record.name, last);
      items.push({ Untagged: formatFamiliar(reference) });
      if (!last) return items;
      items.push(...digestItems(image));
    } else {
      const names = shownNames(image).tags;
      const repositories = new Set(names.map((tag) => tag.replace(/:[^:/]*$/, "")));
      if (!force && (repositories.size > 1 || names.length > 1)) {
        throw new ConflictError(
          `conflict: unable to delete ${shortDigest(image.id)} (must be forced) - image is referenced in multiple repositories`,
        );
      }
      checkUse(deps, image, force);
      for (const record of records) {
        await untag(deps, image, record.name, false);
        items.push({ Untagged: formatFamiliar(parseFamiliar(record.name)) });
      }
      items.push(...digestItems(image));
    }
    for (const record of image.records) {
      if (record.name.startsWith(DANGLING)) await untag(deps, image, record.name, true);
    }
  } finally {
    deps.store.invalidate();
  }
  deps.events.publish({ type: "image", action: "delete", id: image.id, attributes: { name: image.id } });
  items.push({ Deleted: image.id });
  return items;
}

/** The digests that went with the names. */
function digestItems(image: LocalImage): ImageDeleteItem[] {
  return shownNames(image).digests.map((Untagged) => ({ Untagged }));
}

/** Removes images without name, or all that no container uses. */
export async function pruneImages(deps: RemoveDeps, filters: Filters = {}): Promise<ImagePruneResponse> {
  checkFilters(filters, ["dangling", "label", "label!", "until"]);
  const everything = /^(0|false)$/i.test(filters.dangling?.[0] ?? "");
  const ImagesDeleted: ImageDeleteItem[] = [];
  let SpaceReclaimed = 0;
  for (const image of await deps.store.list()) {
    const dangling = image.records.every((record) => record.name.startsWith(DANGLING));
    if (!dangling && !everything) continue;
    if (!matchesLabels(image.config.config?.Labels ?? {}, filters.label)) continue;
    if (deps.containersOf(image.id).length > 0) continue;
    const size = await deps.sizes.total(image);
    const items = await removeImage(deps, image.id, { force: true });
    ImagesDeleted.push(...items);
    SpaceReclaimed += size;
  }
  deps.events.publish({
    type: "image",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(SpaceReclaimed) },
  });
  return { ImagesDeleted, SpaceReclaimed };
}
