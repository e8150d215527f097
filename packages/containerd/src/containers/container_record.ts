/**
 * Container records as rows, and what a valid one is.
 *
 * Source: containerd core/metadata/containers.go (rules and texts).
 *
 * @module
 */
import type { SQLInputValue } from "node:sqlite";
import type { TypedAny } from "../api/call.ts";
import type { Container, ContainerInput } from "../api/containers.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { Row } from "../metadata/database.ts";
import { validateIdentifier } from "../metadata/identifier.ts";
import { decodeLabels, encodeLabels, mapKey, validateLabels, withKey } from "../metadata/labels.ts";

/** Checks a record. @throws {InvalidArgumentError} `INVALID_ARGUMENT`; `clause` comes first. */
export function validateContainer(c: Container, clause: string): void {
  validateIdentifier(c.id, `${clause}: container.ID`);
  if (Object.hasOwn(c.extensions, "")) {
    throw new InvalidArgumentError(`${clause}: container.Extension keys must not be zero-length`);
  }
  validateLabels(c.labels, `${clause}: containers.Labels`);
  if (c.runtime.name === "") throw new InvalidArgumentError(`${clause}: container.Runtime.Name must be set`);
  if (c.spec === undefined) throw new InvalidArgumentError(`${clause}: container.Spec must be set`);
  if (c.snapshotKey !== "" && c.snapshotter === "") {
    throw new InvalidArgumentError(
      `${clause}: container.Snapshotter must be set if container.SnapshotKey is set`,
    );
  }
}

/** The full record of what a client gave. */
export function newContainer(input: ContainerInput, now: Date): Container {
  return {
    id: input.id,
    labels: input.labels ?? {},
    image: input.image ?? "",
    runtime: input.runtime ?? { name: "" },
    ...(input.spec === undefined ? {} : { spec: input.spec }),
    snapshotter: input.snapshotter ?? "",
    snapshotKey: input.snapshotKey ?? "",
    extensions: input.extensions ?? {},
    sandbox: input.sandbox ?? "",
    createdAt: now,
    updatedAt: now,
  };
}

const replaceable = ["labels", "spec", "extensions", "image", "snapshotkey"] as const;

/**
 * `current` with the fields of `input` that `fieldPaths` name; every mutable one if there are none.
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` for an immutable or unknown field.
 */
export function updateContainer(
  current: Container,
  input: ContainerInput,
  fieldPaths: readonly string[] | undefined,
): Container {
  if (fieldPaths === undefined || fieldPaths.length === 0) {
    if (current.snapshotter !== (input.snapshotter ?? "")) {
      throw new InvalidArgumentError("container.Snapshotter field is immutable");
    }
    if (current.runtime.name !== (input.runtime?.name ?? "")) {
      throw new InvalidArgumentError("container.Runtime.Name field is immutable");
    }
  }
  const paths = fieldPaths === undefined || fieldPaths.length === 0 ? replaceable : fieldPaths;
  let next = current;
  for (const path of paths) next = { ...next, ...changedField(next, input, path) };
  return next;
}

function changedField(current: Container, input: ContainerInput, path: string): Partial<Container> {
  const label = mapKey(path, "labels");
  if (label !== undefined) return { labels: withKey(current.labels, input.labels ?? {}, label) };
  const extension = mapKey(path, "extensions");
  if (extension !== undefined) return { extensions: withExtension(current, input, extension) };
  switch (path) {
    case "labels":
      return { labels: input.labels ?? {} };
    case "spec":
      return input.spec === undefined ? {} : { spec: input.spec };
    case "extensions":
      return { extensions: input.extensions ?? {} };
    case "image":
      return { image: input.image ?? "" };
    case "snapshotkey":
    case "snapshot_key":
      return { snapshotKey: input.snapshotKey ?? "" };
    default:
      throw new InvalidArgumentError(
        `cannot update ${JSON.stringify(path)} field on ${JSON.stringify(current.id)}`,
      );
  }
}

function withExtension(current: Container, input: ContainerInput, key: string): Record<string, TypedAny> {
  const extensions = { ...current.extensions };
  const value = input.extensions?.[key];
  if (value === undefined) delete extensions[key];
  else extensions[key] = value;
  return extensions;
}

/** Columns of the table, in the order of {@linkcode toValues}. */
export const CONTAINER_COLUMNS: string =
  "namespace, id, labels, image, runtime, runtime_options_type, runtime_options, spec_type, spec, " +
  "snapshotter, snapshot_key, extensions, sandbox, created_at, updated_at";

/** Values of a record's row. */
export function toValues(namespace: string, c: Container): SQLInputValue[] {
  const extensions = Object.entries(c.extensions).map(([name, any]) => [
    name,
    any.typeUrl,
    Buffer.from(any.value).toString("base64"),
  ]);
  return [
    namespace,
    c.id,
    encodeLabels(c.labels),
    c.image,
    c.runtime.name,
    c.runtime.options?.typeUrl ?? null,
    c.runtime.options?.value ?? null,
    c.spec?.typeUrl ?? null,
    c.spec?.value ?? null,
    c.snapshotter,
    c.snapshotKey,
    JSON.stringify(extensions),
    c.sandbox,
    c.createdAt.getTime(),
    c.updatedAt.getTime(),
  ];
}

/** Record of a row. */
export function fromRow(row: Row): Container {
  const extensions = JSON.parse(String(row.extensions)) as [string, string, string][];
  const options = typed(row.runtime_options_type, row.runtime_options);
  const spec = typed(row.spec_type, row.spec);
  return {
    id: String(row.id),
    labels: decodeLabels(row.labels),
    image: String(row.image),
    runtime: { name: String(row.runtime), ...(options === undefined ? {} : { options }) },
    ...(spec === undefined ? {} : { spec }),
    snapshotter: String(row.snapshotter),
    snapshotKey: String(row.snapshot_key),
    extensions: Object.fromEntries(
      extensions.map(([name, typeUrl, value]) => [
        name,
        { typeUrl, value: new Uint8Array(Buffer.from(value, "base64")) },
      ]),
    ),
    sandbox: String(row.sandbox),
    createdAt: new Date(Number(row.created_at)),
    updatedAt: new Date(Number(row.updated_at)),
  };
}

function typed(typeUrl: Row[string] | undefined, value: Row[string] | undefined): TypedAny | undefined {
  if (typeof typeUrl !== "string") return undefined;
  return { typeUrl, value: value instanceof Uint8Array ? value : new Uint8Array() };
}
