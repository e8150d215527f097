/**
 * Images in the metadata database.
 *
 * Source: containerd core/metadata/images.go, plugins/services/images.
 *
 * @module
 */
import type { Image, ImageInput, Images } from "../api/images.ts";
import { AlreadyExistsError, InvalidArgumentError, NotFoundError } from "../errors.ts";
import type { Row } from "../metadata/database.ts";
import { type FieldReader, parseFilters, readMap } from "../metadata/filter.ts";
import { validateNamespace } from "../metadata/identifier.ts";
import { decodeLabels, encodeLabels, mapKey, validateLabels, withKey } from "../metadata/labels.ts";
import { enterNamespace, type Metadata } from "../metadata/metadata.ts";
import type { Descriptor } from "../oci.ts";

const columns = "namespace, name, labels, media_type, digest, size, annotations, created_at, updated_at";

/** Fields of an image that filters see. */
function fields(image: Image): FieldReader {
  return ([field, ...rest]) => {
    switch (field) {
      case "name":
        return image.name;
      case "target":
        if (rest[0] === "digest") return image.target.digest;
        return rest[0] === "mediatype" ? image.target.mediaType : undefined;
      case "labels":
        return readMap(image.labels, rest);
      case "annotations":
        return readMap(image.target.annotations ?? {}, rest);
      default:
        return undefined;
    }
  };
}

function fromRow(row: Row): Image {
  const annotations = decodeLabels(row.annotations);
  return {
    name: String(row.name),
    labels: decodeLabels(row.labels),
    target: {
      mediaType: String(row.media_type),
      digest: String(row.digest),
      size: Number(row.size),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    } as Descriptor,
    createdAt: new Date(Number(row.created_at)),
    updatedAt: new Date(Number(row.updated_at)),
  };
}

function validateImage(image: Image): void {
  if (image.name === "") throw new InvalidArgumentError("image name must not be empty");
  validateLabels(image.labels, "image.Labels");
  const { digest, size, mediaType } = image.target;
  if (
    !/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/.test(digest) ||
    (digest.startsWith("sha256:") && digest.length !== 71)
  ) {
    throw new InvalidArgumentError(
      `Target.Digest ${JSON.stringify(digest)} invalid: invalid checksum digest format`,
    );
  }
  if (size <= 0) throw new InvalidArgumentError("Target.Size must be greater than zero");
  if (mediaType === "") throw new InvalidArgumentError("Target.MediaType must be set");
}

function updateImage(current: Image, input: ImageInput, fieldPaths: readonly string[] | undefined): Image {
  if (fieldPaths === undefined || fieldPaths.length === 0) {
    return { ...current, labels: input.labels ?? {}, target: input.target };
  }
  let next = current;
  for (const path of fieldPaths) {
    const label = mapKey(path, "labels");
    const annotation = mapKey(path, "annotations");
    const wanted = input.target.annotations ?? {};
    if (label !== undefined) next = { ...next, labels: withKey(next.labels, input.labels ?? {}, label) };
    else if (annotation !== undefined) {
      const annotations = withKey(next.target.annotations ?? {}, wanted, annotation);
      next = { ...next, target: { ...next.target, annotations } };
    } else if (path === "labels") next = { ...next, labels: input.labels ?? {} };
    else if (path === "target") next = { ...next, target: input.target };
    else if (path === "annotations") next = { ...next, target: { ...next.target, annotations: wanted } };
    else {
      throw new InvalidArgumentError(
        `cannot update ${JSON.stringify(path)} field on image ${JSON.stringify(current.name)}`,
      );
    }
  }
  return next;
}

/** Images of `metadata`. */
export function imageStore({ db, publish, changed, collect }: Metadata): Images {
  const find = (namespace: string, name: string): Image => {
    const row = db.get(`SELECT ${columns} FROM images WHERE namespace=? AND name=?`, namespace, name);
    if (row === undefined) throw new NotFoundError(`image ${JSON.stringify(name)}`);
    return fromRow(row);
  };
  const write = (verb: string, namespace: string, image: Image): number => {
    const { mediaType, digest, size, annotations } = image.target;
    return db.run(
      `${verb} INTO images (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      namespace,
      image.name,
      encodeLabels(image.labels),
      mediaType,
      digest,
      size,
      encodeLabels(annotations ?? {}),
      image.createdAt.getTime(),
      image.updatedAt.getTime(),
    );
  };
  return {
    async get(name, call) {
      return find(validateNamespace(call.namespace), name);
    },
    async list(filters, call) {
      const matches = parseFilters(filters);
      const namespace = validateNamespace(call.namespace);
      const rows = db.all(`SELECT ${columns} FROM images WHERE namespace=? ORDER BY name`, namespace);
      return rows.map(fromRow).filter((image) => matches(fields(image)));
    },
    async create(input, call) {
      if (input.name === "") throw new InvalidArgumentError("Image.Name required");
      const now = new Date();
      const image: Image = { labels: {}, ...input, createdAt: now, updatedAt: now };
      validateNamespace(call.namespace);
      validateImage(image);
      db.transaction(() => {
        if (write("INSERT OR IGNORE", enterNamespace(db, call), image) > 0) return;
        throw new AlreadyExistsError(`image ${JSON.stringify(image.name)}`);
      });
      publish(call.namespace, { topic: "/images/create", name: image.name, labels: image.labels });
      return find(call.namespace, image.name);
    },
    async update(input, fieldPaths, call) {
      const namespace = validateNamespace(call.namespace);
      if (input.name === "") throw new InvalidArgumentError("Image.Name required");
      const updated = db.transaction(() => {
        const next = {
          ...updateImage(find(namespace, input.name), input, fieldPaths),
          updatedAt: new Date(),
        };
        validateImage(next);
        write("INSERT OR REPLACE", namespace, next);
        return find(namespace, input.name);
      });
      publish(namespace, { topic: "/images/update", name: updated.name, labels: updated.labels });
      return updated;
    },
    async delete(name, options, call) {
      const namespace = validateNamespace(call.namespace);
      if (db.run("DELETE FROM images WHERE namespace=? AND name=?", namespace, name) === 0) {
        throw new NotFoundError(`image ${JSON.stringify(name)}`);
      }
      changed();
      publish(namespace, { topic: "/images/delete", name });
      if (options.sync === true) await collect();
    },
  };
}
