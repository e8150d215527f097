/**
 * CreateContainer: a container in a pod's namespaces, not started.
 *
 * Source: cri-dockerd `core/container_create.go`.
 *
 * @module
 */
import { posix } from "node:path";
import type { ContainerCreateRequest } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import type { ContainerConfig, CreateContainerRequest } from "../api/types.ts";
import {
  LOG_PATH_LABEL,
  makeLabels,
  RUNTIME_HANDLER_LABEL,
  SANDBOX_ID_LABEL,
  TYPE_LABEL,
} from "../convert/labels.ts";
import { bindOf, deviceOf } from "../convert/mounts.ts";
import { containerName } from "../convert/naming.ts";
import { engineResources } from "../convert/resources.ts";
import { containerNamespaces, containerSecurity } from "../convert/security_context.ts";
import { signalName } from "../convert/signals.ts";
import { addClause, hasCode, InvalidRequestError, SandboxNotFoundError, WrongStateError } from "../errors.ts";
import { cgroupParentOf } from "../runtime/cgroup_parent.ts";
import { type EngineDeps, findSandbox } from "../sandbox/find.ts";
import { seccompOption } from "./seccomp.ts";

/** What {@linkcode createContainer} needs. */
export interface CreateDeps extends EngineDeps {
  /** The lowest `oom_score_adj` that can be set. */
  readonly lowestOomScoreAdj: number;
}

/** Where the sandbox of a new container is. */
interface Place {
  readonly sandbox: string;
  readonly cgroupParent: string | undefined;
  readonly logPath: string | undefined;
  readonly runtime: string | undefined;
}

/**
 * Creates a container.
 *
 * @throws {SandboxNotFoundError} `NOT_FOUND` without the sandbox; so does the engine without the image.
 * @throws {WrongStateError} `FAILED_PRECONDITION` if the sandbox does not run.
 * @throws {InvalidRequestError} `INVALID_ARGUMENT` for a request without metadata or what the engine cannot do. Rejects
 * with the engine's `CONFLICT` if the pod has this attempt of the container.
 */
export async function createContainer(
  deps: CreateDeps,
  request: CreateContainerRequest,
  options: CallOptions,
): Promise<{ containerId: string }> {
  const { config, sandboxConfig, podSandboxId } = request;
  const sandbox = await findSandbox(deps, podSandboxId, options);
  if (sandbox === undefined) {
    throw new SandboxNotFoundError(`failed to find sandbox id ${JSON.stringify(podSandboxId)}`);
  }
  if (!sandbox.State.Running) {
    throw new WrongStateError(`sandbox container ${JSON.stringify(sandbox.Id)} is not running`);
  }
  if (config?.metadata === undefined) throw new InvalidRequestError("container config must include metadata");
  if (sandboxConfig?.metadata === undefined) {
    throw new InvalidRequestError("pod sandbox config must include metadata");
  }
  const name = containerName(config.metadata, sandboxConfig.metadata);
  const handler = sandbox.Config.Labels?.[RUNTIME_HANDLER_LABEL];
  const place: Place = {
    sandbox: sandbox.Id,
    cgroupParent: sandboxConfig.linux?.cgroupParent,
    logPath: logPathBelow(sandboxConfig.logDirectory, config.logPath),
    runtime: handler === "docker" ? undefined : handler || undefined,
  };
  const create = await createRequest(deps, config, place, options);
  try {
    return { containerId: (await deps.engine.containers.create(create, { ...options, name })).Id };
  } catch (err) {
    const clause = hasCode(err, "NOT_FOUND")
      ? `failed to resolve image ${JSON.stringify(create.Image)}`
      : `failed to create container ${JSON.stringify(name)}`;
    throw addClause(clause, err);
  }
}

/** The log file, which must be below the pod's log directory; undefined if there is to be none. */
function logPathBelow(directory: string, path: string): string | undefined {
  if (directory === "" || path === "") return undefined;
  const whole = posix.join(directory, path);
  if (directory.startsWith("/") && whole.startsWith(`${posix.join(directory, ".")}/`)) return whole;
  throw new InvalidRequestError(`log path ${JSON.stringify(path)} is not below ${JSON.stringify(directory)}`);
}

async function createRequest(
  deps: CreateDeps,
  config: ContainerConfig,
  place: Place,
  options: CallOptions,
): Promise<ContainerCreateRequest> {
  if (config.CDIDevices.length > 0)
    throw new InvalidRequestError("CDI devices are not supported by the engine");
  const image = config.image?.image ?? "";
  if (image === "") throw new InvalidRequestError("container config must include an image");
  const context = config.linux?.securityContext;
  const security = containerSecurity(context);
  const resources = config.linux?.resources;
  const stopSignal = signalName(config.stopSignal);
  return {
    Image: image,
    ...(config.command.length === 0 ? {} : { Entrypoint: config.command }),
    ...(config.args.length === 0 ? {} : { Cmd: config.args }),
    Env: config.envs.map(({ key, value }) => `${key}=${new TextDecoder().decode(value)}`),
    ...(config.workingDir === "" ? {} : { WorkingDir: config.workingDir }),
    ...(security.user === undefined ? {} : { User: security.user }),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    Tty: config.tty,
    OpenStdin: config.stdin,
    StdinOnce: config.stdinOnce,
    Labels: makeLabels(
      config,
      { name: config.metadata!.name, attempt: config.metadata!.attempt },
      {
        [TYPE_LABEL]: "container",
        [SANDBOX_ID_LABEL]: place.sandbox,
        [LOG_PATH_LABEL]: place.logPath ?? "",
      },
    ),
    HostConfig: {
      ...security.host,
      ...containerNamespaces(context?.namespaceOptions, place.sandbox),
      ...(await cgroupParentOf(deps, place.cgroupParent, options)),
      ...(place.runtime === undefined ? {} : { Runtime: place.runtime }),
      ...(resources === undefined
        ? {}
        : {
            ...engineResources(resources),
            OomScoreAdj: Math.max(Number(resources.oomScoreAdj), deps.lowestOomScoreAdj),
          }),
      SecurityOpt: [...security.securityOpt, ...(await seccompOption(security.seccomp))],
      Binds: config.mounts.map(bindOf),
      Devices: config.devices.map(deviceOf),
      // The log is read back from the engine, whatever its default driver.
      LogConfig: { Type: "json-file" },
      RestartPolicy: { Name: "no" },
    },
  };
}
