/**
 * The calls on containers, each one operation.
 *
 * @module
 */
import type { ContainersApi } from "../api/engine.ts";
import type { ContainerPruneResponse, Filters } from "../api/types/index.ts";
import { addClause, codeOf, InvalidParameterError, NotImplementedError } from "../errors.ts";
import { checkFilters, matchesLabels } from "../filters.ts";
import { NAMESPACE } from "../image/contents.ts";
import { attachContainer } from "./attach.ts";
import { createContainer } from "./create.ts";
import { type ContainerDeps, containerPaths, publishContainer } from "./deps.ts";
import { listContainers } from "./list.ts";
import { containerLogs } from "./logs.ts";
import { checkName } from "./names.ts";
import { bareName, type Container } from "./record.ts";
import { removeContainer } from "./remove.ts";
import { requireRunning, startContainer } from "./start.ts";
import { containerStats } from "./stats.ts";
import { killContainer, pauseContainer, restartContainer, stopContainer, unpauseContainer } from "./stop.ts";
import { topContainer } from "./top.ts";
import { updateContainer } from "./update.ts";
import { inspectOf } from "./view.ts";
import { waitContainer } from "./wait.ts";

/** Renames a container. @throws `CONFLICT` for a name in use; `INVALID_ARGUMENT` for none or the same. */
async function rename(deps: ContainerDeps, container: Container, newName: string): Promise<void> {
  if (newName === "") throw new InvalidParameterError("Neither old nor new names may be empty");
  await container.lock.run(async () => {
    const old = bareName(container);
    const name = newName.replace(/^\//, "");
    if (old === name) {
      throw new InvalidParameterError("Renaming a container with the same name as its current name");
    }
    try {
      checkName(`/${name}`);
      deps.store.reserveName(name, container.id);
    } catch (err) {
      throw addClause("Error when allocating new name", err);
    }
    container.record.Name = `/${name}`;
    await deps.store.save(container);
    deps.store.releaseName(old);
    publishContainer(deps, container, "rename", { oldName: `/${old}` });
  });
}

/** Removes every container that does not run. */
async function prune(deps: ContainerDeps, filters: Filters = {}): Promise<ContainerPruneResponse> {
  checkFilters(filters, ["label", "label!", "until"]);
  const ContainersDeleted: string[] = [];
  for (const container of deps.store.all()) {
    const { record } = container;
    if (record.State.Running || !matchesLabels(record.Config.Labels ?? {}, filters.label)) continue;
    await removeContainer(deps, container).then(
      () => ContainersDeleted.push(container.id),
      (err) => deps.log.warn("cannot prune container", { container: container.id, err }),
    );
  }
  deps.events.publish({ type: "container", action: "prune", id: "", attributes: { reclaimed: "0" } });
  return { ContainersDeleted, SpaceReclaimed: 0 };
}

/** The calls on containers. */
export function createContainers(deps: ContainerDeps): ContainersApi {
  const get = (name: string): Container => deps.store.get(name);
  const unsupported = (what: string) => async (): Promise<never> => {
    throw new NotImplementedError(`${what} is not supported`);
  };
  return {
    list: (options) => listContainers(deps, options),
    create: (request, options) => createContainer(deps, request, options),
    inspect: async (name) => {
      const container = get(name);
      return inspectOf(container, containerPaths(deps, container));
    },
    start: async (name) => startContainer(deps, get(name)),
    stop: async (name, options) => stopContainer(deps, get(name), options),
    restart: async (name, options) => restartContainer(deps, get(name), options),
    kill: async (name, options = {}) => {
      const container = get(name);
      await killContainer(deps, container, options.signalName ?? "SIGKILL").catch((err) => {
        throw codeOf(err) === "CONFLICT" ? addClause(`cannot kill container: ${name}`, err) : err;
      });
    },
    pause: async (name) => pauseContainer(deps, get(name)),
    unpause: async (name) => unpauseContainer(deps, get(name)),
    rename: async (name, newName) => rename(deps, get(name), newName),
    update: async (name, request) => updateContainer(deps, get(name), request),
    async resize(name, { height, width }) {
      const container = get(name);
      requireRunning(container);
      await deps.containerd.tasks.resizePty(
        { containerId: container.id, height, width },
        { namespace: NAMESPACE },
      );
      publishContainer(deps, container, "resize", { height: String(height), width: String(width) });
    },
    top: async (name, options = {}) => {
      const container = get(name);
      const result = await topContainer(deps, container, options.psArgs);
      publishContainer(deps, container, "top");
      return result;
    },
    logs: async (name, options) => containerLogs(deps, get(name), options),
    attach: async (name, options) => attachContainer(deps, get(name), options),
    wait: async (name, options = {}) => waitContainer(get(name), options.condition, options.signal),
    remove: async (name, options) => removeContainer(deps, get(name), options),
    prune: (options = {}) => prune(deps, options.filters),
    stats: async (name, options = {}) => containerStats(deps, get(name), { stream: true, ...options }),
    changes: unsupported("diff"),
    export: unsupported("export"),
    statPath: unsupported("copy"),
    getArchive: unsupported("copy"),
    putArchive: unsupported("copy"),
  };
}
