/**
 * Image list, inspect and history.
 *
 * Source: moby `daemon/containerd/image_list.go`, `image_inspect.go`, `image_history.go`.
 *
 * @module
 */

import type { ImageListOptions } from "../api/engine.ts";
import type { Filters, ImageHistoryItem, ImageInspect, ImageSummary } from "../api/types/index.ts";
import { InvalidParameterError } from "../errors.ts";
import { checkFilters, matchesLabels } from "../filters.ts";
import { ZERO_TIME } from "../time.ts";
import { matchesReference } from "./match.ts";
import type { ImageSizes } from "./sizes.ts";
import { type ImageStore, type LocalImage, shownNames } from "./store.ts";

/** What the reading calls need. */
export interface ImageReadDeps {
  readonly store: ImageStore;
  readonly sizes: ImageSizes;
  readonly snapshotter: string;
}

/** Unix seconds of an image's creation. */
export function createdAt(image: LocalImage): number {
  const time = Date.parse(image.config.created ?? "");
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000);
}

/** The images, the newest first. */
export async function listImages(
  deps: ImageReadDeps,
  options: ImageListOptions = {},
): Promise<ImageSummary[]> {
  const filters = options.filters ?? {};
  checkFilters(filters, ["dangling", "label", "before", "since", "reference", "until"]);
  const images = (await deps.store.list()).toSorted((a, b) => createdAt(b) - createdAt(a));
  const bounds = await timeBounds(deps.store, filters);
  const summaries = await Promise.all(
    images.map(async (image): Promise<ImageSummary | undefined> => {
      const names = shownNames(image);
      const created = createdAt(image);
      if (bounds.before !== undefined && created >= bounds.before) return undefined;
      if (bounds.since !== undefined && created <= bounds.since) return undefined;
      if (!matchesLabels(image.config.config?.Labels ?? {}, filters.label)) return undefined;
      const dangling = names.tags.length === 0 && names.digests.length === 0;
      if (filters.dangling !== undefined && isTrue(filters.dangling) !== dangling) return undefined;
      if (filters.reference !== undefined) {
        names.tags = names.tags.filter((name) => filters.reference!.some((p) => matchesReference(name, p)));
        names.digests = names.digests.filter((name) =>
          filters.reference!.some((p) => matchesReference(name, p)),
        );
        if (names.tags.length === 0 && names.digests.length === 0) return undefined;
      }
      const size = await deps.sizes.total(image);
      return {
        Containers: -1,
        Created: created,
        Id: image.id,
        Labels: image.config.config?.Labels ?? null,
        ParentId: "",
        RepoDigests: names.digests,
        RepoTags: names.tags,
        SharedSize: -1,
        Size: size,
      };
    }),
  );
  return summaries.filter((summary) => summary !== undefined);
}

/** A boolean filter's value. @throws {InvalidParameterError}. */
function isTrue(values: readonly string[]): boolean {
  const value = values[0] ?? "";
  if (/^(1|true)$/i.test(value)) return true;
  if (/^(0|false)$/i.test(value)) return false;
  throw new InvalidParameterError(`invalid filter 'dangling=[${values.join(" ")}]'`);
}

/** Times of the images that `before` and `since` name. */
async function timeBounds(store: ImageStore, filters: Filters): Promise<{ before?: number; since?: number }> {
  const time = async (names: readonly string[] | undefined): Promise<number | undefined> =>
    names?.[0] === undefined ? undefined : createdAt(await store.get(names[0]));
  const [before, since] = await Promise.all([time(filters.before), time(filters.since)]);
  return { ...(before === undefined ? {} : { before }), ...(since === undefined ? {} : { since }) };
}

/** Everything about one image. */
export async function inspectImage(deps: ImageReadDeps, name: string): Promise<ImageInspect> {
  const image = await deps.store.get(name);
  const { tags, digests } = shownNames(image);
  const { config } = image;
  const tagged = image.records.map((r) => r.updatedAt.getTime());
  return {
    Id: image.id,
    RepoTags: tags,
    RepoDigests: digests,
    Parent: "",
    Comment: config.history?.at(-1)?.comment ?? "",
    ...(config.created === undefined ? {} : { Created: config.created }),
    DockerVersion: "",
    Author: config.author ?? "",
    Config: config.config ?? {},
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: await deps.sizes.total(image),
    GraphDriver: { Name: deps.snapshotter, Data: null },
    RootFS: { Type: "layers", Layers: [...(config.rootfs?.diff_ids ?? [])] },
    Metadata: { LastTagTime: tagged.length === 0 ? ZERO_TIME : new Date(Math.max(...tagged)).toISOString() },
    Descriptor: image.records[0]?.target ?? image.descriptor,
  } as ImageInspect;
}

/** The steps of an image's making, the last first. */
export async function imageHistory(deps: ImageReadDeps, name: string): Promise<ImageHistoryItem[]> {
  const image = await deps.store.get(name);
  const sizes = await deps.sizes.layers(image);
  const history = image.config.history ?? [];
  let layer = 0;
  const items = history.map((step): ImageHistoryItem => {
    const created = Date.parse(step.created ?? "");
    return {
      Comment: step.comment ?? "",
      Created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
      CreatedBy: step.created_by ?? "",
      Id: "<missing>",
      Size: step.empty_layer === true ? 0 : (sizes[layer++] ?? 0),
      Tags: null,
    };
  });
  const last = items.at(-1);
  if (last !== undefined) {
    last.Id = image.id;
    last.Tags = shownNames(image).tags;
  }
  return items.reverse();
}
