/**
 * Labels: how what the CRI knows about a container is kept on the engine's container.
 *
 * | key | value |
 * |---|---|
 * | `io.kubernetes.docker.type` | `podsandbox` or `container` |
 * | `io.kubernetes.container.logpath` | log file of a container |
 * | `io.kubernetes.sandbox.id` | the container's sandbox |
 * | `io.kubernetes.container.name` | `POD` on a sandbox |
 * | `annotation.KEY` | annotation KEY |
 * | `io.rt.cri.metadata` | JSON: metadata, and the keys of the user's labels and annotations |
 * | `io.rt.cri.runtime-handler` | runtime handler of a sandbox |
 *
 * Source: cri-dockerd `core/helpers.go`, `core/docker_service.go`.
 *
 * @module
 */

/** Key of the type. */
export const TYPE_LABEL = "io.kubernetes.docker.type";
/** Key of the log file's path. */
export const LOG_PATH_LABEL = "io.kubernetes.container.logpath";
/** Key of the sandbox's id. */
export const SANDBOX_ID_LABEL = "io.kubernetes.sandbox.id";
/** Key of the container's name. */
export const CONTAINER_NAME_LABEL = "io.kubernetes.container.name";
/** Key of the metadata. */
export const METADATA_LABEL = "io.rt.cri.metadata";
/** Key of the runtime handler. */
export const RUNTIME_HANDLER_LABEL = "io.rt.cri.runtime-handler";

const ANNOTATION_PREFIX = "annotation.";
type InternalLabel =
  | typeof TYPE_LABEL
  | typeof LOG_PATH_LABEL
  | typeof SANDBOX_ID_LABEL
  | typeof CONTAINER_NAME_LABEL
  | typeof RUNTIME_HANDLER_LABEL;

const INTERNAL: ReadonlySet<string> = new Set([
  TYPE_LABEL,
  LOG_PATH_LABEL,
  SANDBOX_ID_LABEL,
  METADATA_LABEL,
  RUNTIME_HANDLER_LABEL,
]);

/** What a container of the engine is to us. */
export type ContainerType = "podsandbox" | "container";

/** Strings by key. */
export type StringMap = Readonly<Record<string, string>>;

/** What the engine's list and inspect both tell of a container. */
export interface EngineContainer {
  /** With or without the leading slash. */
  readonly name: string;
  readonly labels: StringMap;
}

/** Labels that a user gives. */
export interface UserLabels {
  readonly labels: StringMap;
  readonly annotations: StringMap;
}

/**
 * Labels for the engine. Ours win over the user's, and each is always there, so that it cannot come from the image; the
 * metadata name the user's, for the same reason.
 */
export function makeLabels(
  user: UserLabels,
  identity: object,
  ours: Readonly<Partial<Record<InternalLabel, string>>>,
): Record<string, string> {
  const prefixed = Object.entries(user.annotations).map(([key, value]) => [ANNOTATION_PREFIX + key, value]);
  const kept = { ...identity, labels: Object.keys(user.labels), annotations: Object.keys(user.annotations) };
  return {
    ...user.labels,
    ...Object.fromEntries(prefixed),
    [LOG_PATH_LABEL]: "",
    [SANDBOX_ID_LABEL]: "",
    [RUNTIME_HANDLER_LABEL]: "",
    ...ours,
    [METADATA_LABEL]: JSON.stringify(kept),
  };
}

/** The metadata that were kept; undefined for a container that cri-dockerd made. */
export function keptMetadata(labels: StringMap): Readonly<Record<string, unknown>> | undefined {
  const label = labels[METADATA_LABEL];
  if (label === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(label);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The user's labels and annotations out of the engine's labels, without those of the image. */
export function readLabels(all: StringMap): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  const kept = keptMetadata(all);
  const labels = keysOf(kept?.labels) ?? Object.keys(all).filter((key) => isUserLabel(all, key));
  const annotations =
    keysOf(kept?.annotations) ??
    Object.keys(all)
      .filter((key) => key.startsWith(ANNOTATION_PREFIX))
      .map((key) => key.slice(ANNOTATION_PREFIX.length));
  return {
    labels: Object.fromEntries(labels.map((key) => [key, all[key] ?? ""])),
    annotations: Object.fromEntries(annotations.map((key) => [key, all[ANNOTATION_PREFIX + key] ?? ""])),
  };
}

function keysOf(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((key) => typeof key === "string") : undefined;
}

function isUserLabel(all: StringMap, key: string): boolean {
  if (key.startsWith(ANNOTATION_PREFIX) || INTERNAL.has(key)) return false;
  return !(all[TYPE_LABEL] === "podsandbox" && key === CONTAINER_NAME_LABEL);
}

/**
 * Whether a container of the engine is a `type` of ours: by label and by name, because labels alone can come from an
 * image that somebody runs on the engine.
 */
export function isOurs({ name, labels }: EngineContainer, type: ContainerType): boolean {
  return labels[TYPE_LABEL] === type && /^\/?k8s_/.test(name);
}

/** The log file of a container; undefined if it has none. */
export function logPathOf(labels: StringMap): string | undefined {
  return labels[LOG_PATH_LABEL] || undefined;
}

/** A filter of the engine for containers of `type` with all of `labels`. */
export function labelFilter(type: ContainerType, labels: StringMap = {}): { label: string[] } {
  return {
    label: Object.entries({ ...labels, [TYPE_LABEL]: type }).map(([key, value]) => `${key}=${value}`),
  };
}

/** Whether `labels` have every label of `selector`. */
export function matches(selector: StringMap | undefined, labels: StringMap): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}
