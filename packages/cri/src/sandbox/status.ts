/**
 * PodSandboxStatus: one pod, with its address and namespaces.
 *
 * @module
 */
import type { ContainerInspect, NetworkSettings } from "@rt/dockerd/api";
import type { CallOptions } from "../api/cri.ts";
import { NamespaceMode, PodSandboxState, type PodSandboxStatusInit } from "../api/types.ts";
import { RUNTIME_HANDLER_LABEL, readLabels } from "../convert/labels.ts";
import { sandboxMetadata } from "../convert/naming.ts";
import { nanosOf, nowNanos } from "../convert/time.ts";
import { RtError, SandboxNotFoundError } from "../errors.ts";
import { type EngineDeps, findSandbox } from "./find.ts";

/** Status of a sandbox. @throws {SandboxNotFoundError} `NOT_FOUND`. */
export async function podSandboxStatus(
  deps: EngineDeps,
  request: { readonly podSandboxId: string; readonly verbose: boolean },
  options: CallOptions,
): Promise<{ status: PodSandboxStatusInit; info?: Record<string, string>; timestamp: bigint }> {
  const found = await findSandbox(deps, request.podSandboxId, options);
  if (found === undefined) throw new SandboxNotFoundError("an error occurred when try to find sandbox");
  return {
    status: statusOf(found),
    timestamp: nowNanos(),
    ...(request.verbose ? { info: { info: JSON.stringify(verboseOf(found)) } } : {}),
  };
}

function statusOf(from: ContainerInspect): PodSandboxStatusInit {
  const all = from.Config.Labels ?? {};
  const metadata = sandboxMetadata({ labels: all, name: from.Name });
  if (metadata === undefined) throw new RtError("INTERNAL", `cannot read name of sandbox ${from.Id}`);
  const mode = (value: string | undefined): NamespaceMode =>
    value === "host" ? NamespaceMode.NODE : NamespaceMode.POD;
  return {
    id: from.Id,
    metadata,
    state: from.State.Running ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY,
    createdAt: nanosOf(from.Created),
    network: networkOf(from.NetworkSettings),
    linux: {
      namespaces: {
        options: {
          network: mode(from.HostConfig.NetworkMode),
          pid: from.HostConfig.PidMode === "host" ? NamespaceMode.NODE : NamespaceMode.CONTAINER,
          ipc: mode(from.HostConfig.IpcMode),
        },
      },
    },
    runtimeHandler: all[RUNTIME_HANDLER_LABEL] ?? "",
    ...readLabels(all),
  };
}

/** The pod's addresses: the IPv4 address first; none with the host's network. */
function networkOf(settings: NetworkSettings): { ip: string; additionalIps: { ip: string }[] } {
  const endpoints = Object.values(settings.Networks ?? {});
  const [ip = "", ...others] = [
    ...endpoints.map((e) => e.IPAddress ?? ""),
    ...endpoints.map((e) => e.GlobalIPv6Address ?? ""),
  ].filter((address) => address !== "");
  return { ip, additionalIps: others.map((other) => ({ ip: other })) };
}

function verboseOf(from: ContainerInspect): Record<string, unknown> {
  return { pid: from.State.Pid, image: from.Config.Image, runtimeType: from.HostConfig.Runtime };
}
