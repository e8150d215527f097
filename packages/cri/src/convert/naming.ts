/**
 * Names of the engine's containers: unique per metadata, so that the engine refuses a second one.
 *
 * | what | name |
 * |---|---|
 * | sandbox | `k8s_POD_<pod>_<namespace>_<uid>_<attempt>` |
 * | container | `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>` |
 *
 * Source: cri-dockerd `core/naming.go`.
 *
 * @module
 */
import type { ContainerMetadata, PodSandboxMetadata } from "../api/types.ts";
import { type EngineContainer, keptMetadata } from "./labels.ts";

/** Metadata of a sandbox, without what makes it a message. */
export type SandboxIdentity = Pick<PodSandboxMetadata, "name" | "namespace" | "uid" | "attempt">;
/** Metadata of a container, without what makes it a message. */
export type ContainerIdentity = Pick<ContainerMetadata, "name" | "attempt">;

const PREFIX = "k8s";
const SANDBOX = "POD";
const DELIMITER = "_";

/** Name of a sandbox's container. */
export function sandboxName({ name, namespace, uid, attempt }: SandboxIdentity): string {
  return [PREFIX, SANDBOX, name, namespace, uid, attempt].join(DELIMITER);
}

/** Name of a container in the pod of `sandbox`. */
export function containerName(container: ContainerIdentity, sandbox: SandboxIdentity): string {
  const { name, namespace, uid } = sandbox;
  return [PREFIX, container.name, name, namespace, uid, container.attempt].join(DELIMITER);
}

/** A sandbox's metadata from its labels or, if cri-dockerd made it, from its name; undefined if neither holds it. */
export function sandboxMetadata({ labels, name: engineName }: EngineContainer): SandboxIdentity | undefined {
  const kept = keptMetadata(labels);
  if (kept !== undefined) {
    return {
      name: text(kept.name),
      namespace: text(kept.namespace),
      uid: text(kept.uid),
      attempt: attempt(kept),
    };
  }
  const parts = splitName(engineName);
  if (parts === undefined) return undefined;
  const [, , name = "", namespace = "", uid = "", last] = parts;
  return { name, namespace, uid, attempt: Number(last) };
}

/** A container's metadata from its labels or, if cri-dockerd made it, from its name; undefined if neither holds it. */
export function containerMetadata({
  labels,
  name: engineName,
}: EngineContainer): ContainerIdentity | undefined {
  const kept = keptMetadata(labels);
  if (kept !== undefined) return { name: text(kept.name), attempt: attempt(kept) };
  const parts = splitName(engineName);
  if (parts === undefined) return undefined;
  return { name: parts[1] ?? "", attempt: Number(parts[5]) };
}

type Kept = Readonly<Record<string, unknown>>;

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function attempt(kept: Kept): number {
  return isUint32(kept.attempt) ? kept.attempt : 0;
}

function isUint32(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

/** The parts of a name; a seventh is cri-dockerd's random suffix. */
function splitName(engineName: string): string[] | undefined {
  const parts = engineName.replace(/^\//, "").split(DELIMITER);
  if ((parts.length !== 6 && parts.length !== 7) || parts[0] !== PREFIX) return undefined;
  return /^\d+$/.test(parts[5] ?? "") && isUint32(Number(parts[5])) ? parts : undefined;
}
