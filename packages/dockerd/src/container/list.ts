/**
 * Lists containers.
 *
 * Source: moby `daemon/list.go`.
 *
 * @module
 */
import type { ContainerListOptions } from "../api/engine.ts";
import type { ContainerSummary, Filters } from "../api/types/index.ts";
import { InvalidParameterError } from "../errors.ts";
import { checkFilters, matchesLabels } from "../filters.ts";
import type { ImageStore } from "../image/store.ts";
import { type Container, statusOf } from "./record.ts";
import type { ContainerStore } from "./store.ts";
import { summaryOf } from "./view.ts";

const KNOWN = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
];

const STATUSES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

/** The containers that `options` ask for, the newest first. @throws {InvalidParameterError} for a bad filter. */
export async function listContainers(
  { store, images }: { readonly store: ContainerStore; readonly images: Pick<ImageStore, "find"> },
  options: ContainerListOptions = {},
): Promise<ContainerSummary[]> {
  const filters = options.filters ?? {};
  const test = await filterTest(store, images, filters);
  const everything =
    options.all === true ||
    options.limit !== undefined ||
    filters.status !== undefined ||
    filters.exited !== undefined ||
    filters.before !== undefined ||
    filters.since !== undefined;
  const now = Date.now();
  const found: ContainerSummary[] = [];
  for (const container of candidates(store, filters)) {
    if (!everything && !container.record.State.Running) continue;
    if (!test(container)) continue;
    found.push(summaryOf(container, now));
    if (options.limit !== undefined && found.length >= options.limit) break;
  }
  return found;
}

/** The containers that can match: with an exact id, only that one is looked at. */
function candidates(store: ContainerStore, filters: Filters): Container[] {
  const ids = filters.id ?? [];
  if (ids.length === 0 || !ids.every((id) => /^[0-9a-f]{64}$/.test(id))) return store.all();
  return ids.map((id) => store.find(id)).filter((c) => c !== undefined);
}

/** The filters as one test. */
async function filterTest(
  store: ContainerStore,
  images: Pick<ImageStore, "find">,
  filters: Filters,
): Promise<(container: Container) => boolean> {
  checkFilters(filters, KNOWN);
  for (const status of filters.status ?? []) {
    if (!STATUSES.includes(status)) {
      throw new InvalidParameterError(`invalid filter 'status=${status}'`);
    }
  }
  for (const code of filters.exited ?? []) {
    if (!/^-?[0-9]+$/.test(code)) throw new InvalidParameterError(`invalid filter 'exited=${code}'`);
  }
  const ancestors = new Set<string>();
  for (const name of filters.ancestor ?? []) {
    const image = await images.find(name);
    if (image !== undefined) ancestors.add(image.id);
  }
  const edge = (names: readonly string[] | undefined): string | undefined =>
    names?.[0] === undefined ? undefined : store.get(names[0]).record.Created;
  const [before, since] = [edge(filters.before), edge(filters.since)];
  const any = (values: readonly string[] | undefined, test: (value: string) => boolean): boolean =>
    values === undefined || values.length === 0 || values.some(test);
  return (container) => {
    const { record, hostConfig } = container;
    const bare = record.Name.slice(1);
    return (
      any(filters.id, (id) => container.id.startsWith(id)) &&
      any(filters.name, (name) => nameMatches(bare, name)) &&
      any(filters.status, (status) => statusOf(record.State) === status) &&
      any(
        filters.exited,
        (code) =>
          record.HasBeenStartedBefore && !record.State.Running && record.State.ExitCode === Number(code),
      ) &&
      matchesLabels(record.Config.Labels ?? {}, filters.label) &&
      (filters.ancestor === undefined || ancestors.has(record.Image)) &&
      (before === undefined || record.Created < before) &&
      (since === undefined || record.Created > since) &&
      any(filters.health, (health) => (record.State.Health?.Status ?? "none") === health) &&
      any(filters.network, (network) => networkMatches(container, network)) &&
      any(filters.volume, (volume) =>
        Object.values(record.MountPoints).some(
          (m) => m.Name === volume || m.Destination === volume || m.Source === volume,
        ),
      ) &&
      any(filters.publish, (port) => portMatches(Object.keys(hostConfig.PortBindings ?? {}), port)) &&
      any(filters.expose, (port) => portMatches(Object.keys(record.Config.ExposedPorts ?? {}), port)) &&
      any(filters["is-task"], (value) => value === "false")
    );
  };
}

/** Whether a name matches: as a regular expression, or as a part if it is none. */
function nameMatches(bare: string, wanted: string): boolean {
  try {
    const expression = new RegExp(wanted);
    return expression.test(bare) || expression.test(`/${bare}`);
  } catch {
    return bare.includes(wanted);
  }
}

/** Whether the container is in a network with this name or id. */
function networkMatches(container: Container, wanted: string): boolean {
  const endpoints = container.record.Sandbox?.endpoints ?? container.record.NetworkSettings.Networks;
  return Object.entries(endpoints).some(
    ([name, endpoint]) => name === wanted || (wanted !== "" && (endpoint.NetworkID ?? "").startsWith(wanted)),
  );
}

/** Whether `80`, `80/tcp` or `80-90/tcp` is among ports. */
function portMatches(ports: readonly string[], wanted: string): boolean {
  const [range = "", type = "tcp"] = wanted.split("/");
  const [from = "", to = from] = range.split("-");
  return ports.some((port) => {
    const [number, kind = "tcp"] = port.split("/");
    return kind === type && Number(number) >= Number(from) && Number(number) <= Number(to);
  });
}
