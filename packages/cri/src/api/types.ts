/**
 * The messages and enumerations of the CRI, as this layer's records.
 *
 * The CRI is the stack's uppermost boundary and its messages are plain data with exact names, so that the domain works
 * on them as they are; only this folder knows that they are generated.
 *
 * @module
 */
import type { DescMessage, Message, MessageInitShape } from "@bufbuild/protobuf";
import type {
  ContainerSchema,
  ContainerStatsSchema,
  ContainerStatusSchema,
  ImageSchema,
  PodSandboxSchema,
  PodSandboxStatusSchema,
} from "./gen/runtime/v1/api_pb.ts";

export {
  type AuthConfig,
  CgroupDriver,
  type Container,
  type ContainerConfig,
  type ContainerFilter,
  type ContainerMetadata,
  ContainerState,
  type ContainerStats,
  type ContainerStatsFilter,
  type ContainerStatus,
  type CreateContainerRequest,
  type CreateContainerResponse,
  type Device,
  type DNSConfig,
  type ExecSyncRequest,
  type ExecSyncResponse,
  type Image,
  type LinuxContainerResources,
  type LinuxContainerSecurityContext,
  type LinuxSandboxSecurityContext,
  type Mount,
  MountPropagation,
  NamespaceMode,
  type NamespaceOption,
  type PodSandbox,
  type PodSandboxConfig,
  type PodSandboxFilter,
  type PodSandboxMetadata,
  PodSandboxState,
  type PodSandboxStatus,
  type PortMapping,
  Protocol,
  type PullImageRequest,
  type RunPodSandboxRequest,
  type SELinuxOption,
  type SecurityProfile,
  SecurityProfile_ProfileType,
  Signal,
  SupplementalGroupsPolicy,
} from "./gen/runtime/v1/api_pb.ts";

/** What a message is made from, without the message itself. */
type Init<S extends DescMessage> = Exclude<MessageInitShape<S>, Message>;

/** A container as the list shows it, to be encoded. */
export type ContainerInit = Init<typeof ContainerSchema>;
/** A container's status, to be encoded. */
export type ContainerStatusInit = Init<typeof ContainerStatusSchema>;
/** A container's statistics, to be encoded. */
export type ContainerStatsInit = Init<typeof ContainerStatsSchema>;
/** An image, to be encoded. */
export type ImageInit = Init<typeof ImageSchema>;
/** A pod sandbox as the list shows it, to be encoded. */
export type PodSandboxInit = Init<typeof PodSandboxSchema>;
/** A pod sandbox's status, to be encoded. */
export type PodSandboxStatusInit = Init<typeof PodSandboxStatusSchema>;
