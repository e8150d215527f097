/**
 * Mounts and devices of a container.
 *
 * Source: cri-dockerd `core/helpers.go` (generateMountBindings), `core/helpers_linux.go`.
 *
 * @module
 */
import type { DeviceMapping, MountPoint } from "@rt/dockerd/api";
import { type Device, type Mount, MountPropagation } from "../api/types.ts";
import { InvalidRequestError } from "../errors.ts";

/** `HOST:CONTAINER[:OPTIONS]` for the engine. @throws {InvalidRequestError} `INVALID_ARGUMENT` for what it cannot do. */
export function bindOf(mount: Mount): string {
  const { hostPath, containerPath } = mount;
  const wrong = (reason: string): never => {
    throw new InvalidRequestError(
      `cannot mount ${JSON.stringify(hostPath)} on ${JSON.stringify(containerPath)}: ${reason}`,
    );
  };
  if (mount.image !== undefined) wrong("mounts of images are not supported by the engine");
  if (mount.uidMappings.length > 0 || mount.gidMappings.length > 0)
    wrong("id mappings are not supported by the engine");
  if (mount.recursiveReadOnly) wrong("recursive read-only mounts are not supported");
  if (mount.mountOptions.length > 0) wrong("mount options are not supported");
  if (!hostPath.startsWith("/") || !containerPath.startsWith("/")) wrong("paths must be absolute");
  if (hostPath.includes(":") || containerPath.includes(":")) wrong("paths must not contain a colon");
  const options = [
    ...(mount.readonly ? ["ro"] : []),
    ...(mount.selinuxRelabel ? ["Z"] : []),
    ...propagationOf(mount.propagation),
  ];
  return [hostPath, containerPath, ...(options.length > 0 ? [options.join(",")] : [])].join(":");
}

function propagationOf(propagation: MountPropagation): string[] {
  switch (propagation) {
    case MountPropagation.PROPAGATION_HOST_TO_CONTAINER:
      return ["rslave"];
    case MountPropagation.PROPAGATION_BIDIRECTIONAL:
      return ["rshared"];
    default:
      return [];
  }
}

/** A device for the engine. */
export function deviceOf({ hostPath, containerPath, permissions }: Device): DeviceMapping {
  return { PathOnHost: hostPath, PathInContainer: containerPath, CgroupPermissions: permissions };
}

/** A mount as the status shows it. */
export function mountOf(point: MountPoint): {
  hostPath: string;
  containerPath: string;
  readonly: boolean;
  propagation: MountPropagation;
} {
  const propagation = /shared$/.test(point.Propagation)
    ? MountPropagation.PROPAGATION_BIDIRECTIONAL
    : /slave$/.test(point.Propagation)
      ? MountPropagation.PROPAGATION_HOST_TO_CONTAINER
      : MountPropagation.PROPAGATION_PRIVATE;
  return { hostPath: point.Source, containerPath: point.Destination, readonly: !point.RW, propagation };
}
