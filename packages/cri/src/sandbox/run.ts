/**
 * RunPodSandbox: a pause container that holds the pod's namespaces.
 *
 * Source: cri-dockerd `core/sandbox_run.go`, `core/sandbox_helpers.go`.
 *
 * @module
 */
import type { ContainerCreateRequest, HostConfig, PortMap } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import {
  type PodSandboxConfig,
  type PortMapping,
  Protocol,
  type RunPodSandboxRequest,
} from "../api/types.ts";
import { seccompOption } from "../container/seccomp.ts";
import { CONTAINER_NAME_LABEL, makeLabels, RUNTIME_HANDLER_LABEL, TYPE_LABEL } from "../convert/labels.ts";
import { sandboxName } from "../convert/naming.ts";
import { SANDBOX_CPU_SHARES, SANDBOX_OOM_SCORE_ADJ } from "../convert/resources.ts";
import { sandboxNamespaces, sandboxSecurity } from "../convert/security_context.ts";
import { addClause, InvalidRequestError } from "../errors.ts";
import { ensurePauseImage } from "../image/pause.ts";
import { cgroupParentOf } from "../runtime/cgroup_parent.ts";
import type { EngineDeps } from "./find.ts";

/** What {@linkcode runPodSandbox} needs. */
export interface RunDeps extends EngineDeps {
  /** Reference of the pause image. */
  readonly pauseImage: string;
  /** The lowest `oom_score_adj` that can be set. */
  readonly lowestOomScoreAdj: number;
}

/**
 * Creates and starts a sandbox; one that cannot be started is removed again.
 *
 * @throws {InvalidRequestError} `INVALID_ARGUMENT` for a request without metadata, an unknown runtime handler or what
 * the engine cannot do. Rejects with the engine's `CONFLICT` if the pod has a sandbox of this attempt.
 */
export async function runPodSandbox(
  deps: RunDeps,
  request: RunPodSandboxRequest,
  options: CallOptions,
): Promise<{ podSandboxId: string }> {
  const { config, runtimeHandler } = request;
  if (config?.metadata === undefined) throw new InvalidRequestError("sandbox config must include metadata");
  const name = sandboxName(config.metadata);
  const create = await createRequest(deps, config, runtimeHandler, options);
  await ensurePauseImage(deps, deps.pauseImage, options);
  const { containers } = deps.engine;
  let id: string;
  try {
    id = (await containers.create(create, { ...options, name })).Id;
  } catch (err) {
    throw addClause(`failed to create a sandbox for pod ${JSON.stringify(config.metadata.name)}`, err);
  }
  try {
    await containers.start(id, options);
  } catch (err) {
    // Not with the call's signal: what was created goes even if the client has gone.
    await containers.remove(id, { force: true, volumes: true });
    const pod = JSON.stringify(config.metadata.name);
    throw addClause(`failed to start sandbox container for pod ${pod}`, err);
  }
  return { podSandboxId: id };
}

async function createRequest(
  deps: RunDeps,
  config: PodSandboxConfig,
  handler: string,
  options: CallOptions,
): Promise<ContainerCreateRequest> {
  const { name, namespace, uid, attempt } = config.metadata!;
  const identity = { name, namespace, uid, attempt };
  const context = config.linux?.securityContext;
  const security = sandboxSecurity(context);
  const namespaces = sandboxNamespaces(context?.namespaceOptions);
  const host: HostConfig = {
    ...security.host,
    ...namespaces,
    ...(await cgroupParentOf(deps, config.linux?.cgroupParent, options)),
    ...(await runtimeOf(deps, handler, options)),
    ...dnsOf(config),
    CpuShares: SANDBOX_CPU_SHARES,
    OomScoreAdj: Math.max(SANDBOX_OOM_SCORE_ADJ, deps.lowestOomScoreAdj),
    SecurityOpt: [...security.securityOpt, ...(await seccompOption(security.seccomp))],
    ...(namespaces.NetworkMode === "host" ? {} : { PortBindings: bindingsOf(config.portMappings) }),
    ...(config.linux === undefined ? {} : { Sysctls: config.linux.sysctls }),
  };
  return {
    Image: deps.pauseImage,
    ...(config.hostname === "" ? {} : { Hostname: config.hostname }),
    ...(security.user === undefined ? {} : { User: security.user }),
    ExposedPorts: Object.fromEntries(config.portMappings.map((p) => [portOf(p), {}])),
    Labels: makeLabels(config, identity, {
      [TYPE_LABEL]: "podsandbox",
      [CONTAINER_NAME_LABEL]: "POD",
      [RUNTIME_HANDLER_LABEL]: handler,
    }),
    HostConfig: host,
  };
}

/** The engine's runtime for a handler; `docker` is the engine's default, as with cri-dockerd. */
async function runtimeOf(
  { engine }: RunDeps,
  handler: string,
  options: CallOptions,
): Promise<{ Runtime?: string }> {
  if (handler === "" || handler === "docker") return {};
  const { Runtimes } = await engine.system.info(options);
  if (Runtimes?.[handler] !== undefined) return { Runtime: handler };
  throw new InvalidRequestError(
    `failed to get sandbox runtime: no runtime for ${JSON.stringify(handler)} is configured`,
  );
}

function dnsOf({ dnsConfig }: PodSandboxConfig): HostConfig {
  if (dnsConfig === undefined) return {};
  return { Dns: dnsConfig.servers, DnsSearch: dnsConfig.searches, DnsOptions: dnsConfig.options };
}

function portOf({ containerPort, protocol }: PortMapping): string {
  switch (protocol) {
    case Protocol.UDP:
      return `${containerPort}/udp`;
    case Protocol.SCTP:
      return `${containerPort}/sctp`;
    default:
      return `${containerPort}/tcp`;
  }
}

/** Published ports; those without a port of the host are only known to the pod. */
function bindingsOf(mappings: readonly PortMapping[]): PortMap {
  const map: PortMap = {};
  for (const mapping of mappings.filter((m) => m.hostPort > 0)) {
    const binding = { HostIp: mapping.hostIp, HostPort: String(mapping.hostPort) };
    const key = portOf(mapping);
    map[key] = [...(map[key] ?? []), binding];
  }
  return map;
}
