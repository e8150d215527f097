/**
 * Status and RuntimeConfig: whether the engine answers, and what it can do.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { CgroupDriver } from "../api/types.ts";
import { messageOf } from "../errors.ts";
import type { EngineDeps } from "../sandbox/find.ts";

/** A condition as the status shows it. */
interface Condition {
  type: "RuntimeReady" | "NetworkReady";
  status: boolean;
  reason?: string;
  message?: string;
}

/** The status as it is encoded. */
interface Status {
  status: { conditions: Condition[] };
  info?: Record<string, string>;
  runtimeHandlers: {
    name: string;
    features: { recursiveReadOnlyMounts: boolean; userNamespaces: boolean };
  }[];
  features: { supplementalGroupsPolicy: boolean };
}

/** Whether runtime and network are ready; an engine that does not answer makes both unready, not the call fail. */
export async function status(
  { engine }: EngineDeps,
  { verbose }: { readonly verbose: boolean },
  options: CallOptions,
): Promise<Status> {
  const features = { recursiveReadOnlyMounts: false, userNamespaces: false };
  try {
    const info = await engine.system.info(options);
    return {
      status: { conditions: [ready("RuntimeReady"), ready("NetworkReady")] },
      runtimeHandlers: ["", ...Object.keys(info.Runtimes ?? {})].map((name) => ({ name, features })),
      features: { supplementalGroupsPolicy: false },
      ...(verbose ? { info: { config: JSON.stringify(info) } } : {}),
    };
  } catch (err) {
    const message = messageOf(err);
    return {
      status: {
        conditions: [
          { type: "RuntimeReady", status: false, reason: "DockerDaemonNotReady", message },
          { type: "NetworkReady", status: false, reason: "NetworkPluginNotReady", message },
        ],
      },
      runtimeHandlers: [],
      features: { supplementalGroupsPolicy: false },
    };
  }
}

function ready(type: Condition["type"]): Condition {
  return { type, status: true };
}

/** The engine's cgroup driver, which the kubelet follows. */
export async function runtimeConfig(
  { engine }: EngineDeps,
  options: CallOptions,
): Promise<{ linux: { cgroupDriver: CgroupDriver } }> {
  const { CgroupDriver: driver } = await engine.system.info(options);
  return { linux: { cgroupDriver: driver === "systemd" ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS } };
}
