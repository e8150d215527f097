/**
 * Security context: user, groups, capabilities, confinement, as the engine takes them.
 *
 * What is not asked for stays as the engine has it: its default seccomp profile, its masked and read-only paths. What
 * the engine cannot do is refused, not ignored.
 * Source: cri-dockerd `core/security_context.go`.
 *
 * @module
 */
import type { HostConfig } from "@rt/dockerd/api";
import {
  type LinuxContainerSecurityContext,
  type LinuxSandboxSecurityContext,
  NamespaceMode,
  type NamespaceOption,
  SecurityProfile_ProfileType as ProfileType,
  type SELinuxOption,
  type SecurityProfile,
  SupplementalGroupsPolicy,
} from "../api/types.ts";
import { InvalidRequestError } from "../errors.ts";

/** A profile by kind; `ref` is a path (seccomp) or a name (AppArmor). */
export type Profile =
  | { readonly kind: "default" | "unconfined" }
  | { readonly kind: "local"; readonly ref: string };

/** The engine's part of a security context. */
export interface SecurityOptions {
  /** `user[:group]`; absent: the image's. */
  readonly user?: string;
  readonly host: Pick<
    HostConfig,
    "Privileged" | "ReadonlyRootfs" | "CapAdd" | "CapDrop" | "GroupAdd" | "MaskedPaths" | "ReadonlyPaths"
  >;
  /** `SecurityOpt` without seccomp. */
  readonly securityOpt: string[];
  readonly seccomp: Profile;
}

/** Security options of a container. @throws {InvalidRequestError} `INVALID_ARGUMENT` for what the engine cannot do. */
export function containerSecurity(context: LinuxContainerSecurityContext | undefined): SecurityOptions {
  if (context === undefined) return { host: {}, securityOpt: [], seccomp: { kind: "default" } };
  const caps = context.capabilities;
  if ((caps?.addAmbientCapabilities.length ?? 0) > 0) refuse("ambient capabilities");
  refuseStrictGroups(context.supplementalGroupsPolicy);
  const user = userOf(context.runAsUser?.value, context.runAsUsername, context.runAsGroup?.value);
  const apparmor = profileOf(context.apparmor, context.apparmorProfile);
  return {
    ...(user === undefined ? {} : { user }),
    host: {
      ...(context.privileged ? { Privileged: true } : pathsOf(context)),
      ...(context.readonlyRootfs ? { ReadonlyRootfs: true } : {}),
      ...listOf("CapAdd", caps?.addCapabilities),
      ...listOf("CapDrop", caps?.dropCapabilities),
      ...listOf("GroupAdd", context.supplementalGroups.map(String)),
    },
    securityOpt: [
      ...selinuxOptions(context.selinuxOptions),
      ...apparmorOptions(apparmor),
      ...(context.noNewPrivs ? ["no-new-privileges"] : []),
    ],
    seccomp: profileOf(context.seccomp, context.seccompProfilePath),
  };
}

/**
 * Security options of a sandbox. Its one program needs nothing, so that it gets no capabilities, and no privileges even
 * if the pod's containers may have them.
 *
 * @throws {InvalidRequestError} `INVALID_ARGUMENT` for what the engine cannot do.
 */
export function sandboxSecurity(context: LinuxSandboxSecurityContext | undefined): SecurityOptions {
  const host = { CapDrop: ["ALL"] };
  const nothing = ["no-new-privileges"];
  if (context === undefined) return { host, securityOpt: nothing, seccomp: { kind: "default" } };
  refuseStrictGroups(context.supplementalGroupsPolicy);
  const user = userOf(context.runAsUser?.value, "", context.runAsGroup?.value);
  return {
    ...(user === undefined ? {} : { user }),
    host: {
      ...host,
      ...(context.readonlyRootfs ? { ReadonlyRootfs: true } : {}),
      ...listOf("GroupAdd", context.supplementalGroups.map(String)),
    },
    securityOpt: [
      ...nothing,
      ...selinuxOptions(context.selinuxOptions),
      ...apparmorOptions(profileOf(context.apparmor, "")),
    ],
    seccomp: profileOf(context.seccomp, context.seccompProfilePath),
  };
}

/** Namespaces of a sandbox. @throws {InvalidRequestError} `INVALID_ARGUMENT` for user namespaces. */
export function sandboxNamespaces(options: NamespaceOption | undefined): HostConfig {
  refuseUserNamespace(options);
  return {
    NetworkMode: options?.network === NamespaceMode.NODE ? "host" : "default",
    IpcMode: options?.ipc === NamespaceMode.NODE ? "host" : "shareable",
    ...(options?.pid === NamespaceMode.NODE ? { PidMode: "host" } : {}),
  };
}

/** Namespaces of a container in `sandbox`. @throws {InvalidRequestError} `INVALID_ARGUMENT` for user namespaces. */
export function containerNamespaces(options: NamespaceOption | undefined, sandbox: string): HostConfig {
  refuseUserNamespace(options);
  const joined = `container:${sandbox}`;
  return {
    NetworkMode: joined,
    IpcMode: joined,
    ...pidMode(options, joined),
    ...(options?.network === NamespaceMode.NODE ? { UTSMode: "host" } : {}),
  };
}

function pidMode(options: NamespaceOption | undefined, joined: string): HostConfig {
  switch (options?.pid) {
    case NamespaceMode.NODE:
      return { PidMode: "host" };
    case NamespaceMode.TARGET:
      return { PidMode: `container:${options.targetId}` };
    case NamespaceMode.CONTAINER:
      return {};
    default:
      // What is not said is POD, the enumeration's zero.
      return { PidMode: joined };
  }
}

function refuse(what: string): never {
  throw new InvalidRequestError(`${what} are not supported by the engine`);
}

function refuseStrictGroups(policy: SupplementalGroupsPolicy): void {
  if (policy === SupplementalGroupsPolicy.Strict) refuse("strict supplemental groups");
}

function refuseUserNamespace(options: NamespaceOption | undefined): void {
  const userns = options?.usernsOptions;
  if (userns !== undefined && userns.mode !== NamespaceMode.NODE) refuse("user namespaces of pods");
}

function userOf(uid: bigint | undefined, name: string, gid: bigint | undefined): string | undefined {
  const user = name !== "" ? name : uid?.toString();
  if (gid === undefined) return user;
  if (user === undefined) throw new InvalidRequestError("runAsGroup is specified without a runAsUser");
  return `${user}:${gid}`;
}

function listOf<K extends string>(key: K, list: string[] | undefined): { [P in K]?: string[] } {
  return (list === undefined || list.length === 0 ? {} : { [key]: list }) as { [P in K]?: string[] };
}

function pathsOf(context: LinuxContainerSecurityContext): HostConfig {
  return { ...listOf("MaskedPaths", context.maskedPaths), ...listOf("ReadonlyPaths", context.readonlyPaths) };
}

function selinuxOptions(options: SELinuxOption | undefined): string[] {
  if (options === undefined) return [];
  const { user, role, type, level } = options;
  return Object.entries({ user, role, type, level })
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `label=${key}:${value}`);
}

function apparmorOptions(profile: Profile): string[] {
  if (profile.kind === "default") return [];
  return [`apparmor=${profile.kind === "local" ? profile.ref : "unconfined"}`];
}

/** The profile of the field, or of the older field if that is all there is. */
function profileOf(profile: SecurityProfile | undefined, older: string): Profile {
  if (profile === undefined) {
    if (older === "" || older === "runtime/default" || older === "docker/default") return { kind: "default" };
    if (older === "unconfined") return { kind: "unconfined" };
    if (older.startsWith("localhost/")) return { kind: "local", ref: older.slice("localhost/".length) };
    throw new InvalidRequestError(`unknown security profile ${JSON.stringify(older)}`);
  }
  switch (profile.profileType) {
    case ProfileType.RuntimeDefault:
      return { kind: "default" };
    case ProfileType.Unconfined:
      return { kind: "unconfined" };
    case ProfileType.Localhost:
      return { kind: "local", ref: profile.localhostRef.replace(/^localhost\//, "") };
    default:
      throw new InvalidRequestError(`unknown security profile type ${profile.profileType as number}`);
  }
}
