/**
 * A value that carries the name of its type: protobuf's `Any` as a plain record.
 *
 * Source: google/protobuf/any.proto; the JSON types of the runtime specification are registered by containerd as
 * `types.containerd.io/opencontainers/runtime-spec/<major>/<Name>` (pkg/… `typeurl.Register`).
 *
 * @module
 */

/** Encoded bytes and the name of what they encode; passed through untouched by whoever does not know the name. */
export interface TypedValue {
  /** Name of the type, e.g. `containerd.runc.v1.Options`, with or without a `type.googleapis.com/` in front. */
  readonly typeUrl: string;
  /** The encoded value: protobuf, or JSON for the types of the runtime specification. */
  readonly value: Uint8Array;
}

/** Type URL of an OCI `process` object in JSON, as `Exec` carries it. */
export const PROCESS_TYPE_URL = "types.containerd.io/opencontainers/runtime-spec/1/Process";

/** Type URL of an OCI `linux.resources` object in JSON, as `Update` carries it. */
export const RESOURCES_TYPE_URL = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

/** Type URL of the runtime options of runc-like runtimes (protobuf). */
export const RUNC_OPTIONS_TYPE_URL = "containerd.runc.v1.Options";

/** Encodes `value` as JSON under `typeUrl`. */
export function typedJson(typeUrl: string, value: unknown): TypedValue {
  return { typeUrl, value: new TextEncoder().encode(JSON.stringify(value)) };
}

/** The bare type name of a type URL: what stands behind the last `/` of a protobuf URL, the whole of any other. */
export function typeName(typeUrl: string): string {
  return typeUrl.startsWith("type.googleapis.com/") ? typeUrl.slice("type.googleapis.com/".length) : typeUrl;
}
