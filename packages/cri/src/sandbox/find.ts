/**
 * Finding a sandbox: the engine's container, if it is one of ours.
 *
 * @module
 */
import type { ContainerInspect, ContainerSummary, Engine } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import {
  type ContainerType,
  type EngineContainer,
  isOurs,
  labelFilter,
  type StringMap,
} from "../convert/labels.ts";
import { hasCode } from "../errors.ts";

/** What calls that only speak with the engine need. */
export interface EngineDeps {
  readonly engine: Engine;
}

/**
 * The container of the engine whose id is or begins with `id`, if it is a `type` of ours; undefined if there is none.
 * Names are not ids, and what others made is not found.
 */
export async function findEngineContainer(
  { engine }: EngineDeps,
  type: ContainerType,
  id: string,
  options: CallOptions,
): Promise<ContainerInspect | undefined> {
  if (!/^[0-9a-f]{1,64}$/.test(id)) return undefined;
  try {
    const found = await engine.containers.inspect(id, options);
    const ours = isOurs({ name: found.Name, labels: found.Config.Labels ?? {} }, type);
    return ours && found.Id.startsWith(id) ? found : undefined;
  } catch (err) {
    if (hasCode(err, "NOT_FOUND")) return undefined;
    throw err;
  }
}

/** The engine's containers that are a `type` of ours and have all of `labels`, running or not. */
export async function listEngineContainers(
  { engine }: EngineDeps,
  type: ContainerType,
  labels: StringMap,
  options: CallOptions,
): Promise<ContainerSummary[]> {
  const filters = labelFilter(type, labels);
  const found = await engine.containers.list({ ...options, all: true, filters });
  return found.filter((c) => isOurs(nameAndLabels(c), type));
}

/** Name and labels of a container in the engine's list. */
export function nameAndLabels({
  Names,
  Labels,
}: Pick<ContainerSummary, "Names" | "Labels">): EngineContainer {
  return { name: Names[0] ?? "", labels: Labels ?? {} };
}

/** The sandbox `id`; undefined if there is none. */
export function findSandbox(
  deps: EngineDeps,
  id: string,
  options: CallOptions,
): Promise<ContainerInspect | undefined> {
  return findEngineContainer(deps, "podsandbox", id, options);
}
