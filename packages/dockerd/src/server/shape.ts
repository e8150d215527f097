/**
 * Shapes of request bodies as data, and a check with Go's error texts: a body of the wrong shape is refused before
 * anything happens.
 *
 * Source: Go `encoding/json/decode.go`, UnmarshalTypeError.
 *
 * @module
 */
import { InvalidParameterError } from "../errors.ts";

/** Shape of a value; null and absence are always allowed, unknown fields ignored. */
export type Shape =
  | "string"
  | "bool"
  | "int"
  | "float"
  | "any"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly struct: string; readonly fields: Readonly<Record<string, Shape>> };

/** Go's words for the simple shapes. */
const GO_TYPES: Readonly<Record<string, string>> = {
  string: "string",
  bool: "bool",
  int: "int64",
  float: "float64",
};

/** Go's word for what JSON has. */
function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value === "object" ? "object" : typeof value;
}

/** Go's word for a shape. */
function goType(shape: Shape): string {
  if (typeof shape === "string") return GO_TYPES[shape] ?? "interface {}";
  if ("list" in shape) return `[]${goType(shape.list)}`;
  if ("map" in shape) return `map[string]${goType(shape.map)}`;
  return shape.struct;
}

/**
 * Checks that `value` has `shape`.
 *
 * @throws {InvalidParameterError} with the text of Go's decoder.
 */
export function checkShape(value: unknown, shape: Shape, root: string, path = ""): void {
  if (value === null || value === undefined || shape === "any") return;
  const refuse = (): never => {
    const where =
      path === ""
        ? `Go value of type ${goType(shape)}`
        : `Go struct field ${root}${path} of type ${goType(shape)}`;
    throw new InvalidParameterError(`invalid JSON: json: cannot unmarshal ${jsonKind(value)} into ${where}`);
  };
  if (shape === "string" || shape === "bool") {
    if (typeof value !== (shape === "bool" ? "boolean" : "string")) refuse();
  } else if (shape === "int" || shape === "float") {
    if (typeof value !== "number") refuse();
    if (shape === "int" && !Number.isInteger(value)) {
      throw new InvalidParameterError(
        `invalid JSON: json: cannot unmarshal number ${value} into Go struct field ${root}${path} of type int64`,
      );
    }
  } else if ("list" in shape) {
    if (!Array.isArray(value)) refuse();
    for (const item of value as unknown[]) checkShape(item, shape.list, root, path);
  } else {
    if (typeof value !== "object" || Array.isArray(value)) refuse();
    for (const [key, member] of Object.entries(value as object)) {
      const inner = "map" in shape ? shape.map : shape.fields[key];
      if (inner !== undefined) checkShape(member, inner, root, "map" in shape ? path : `${path}.${key}`);
    }
  }
}
