/**
 * Types that several nouns of the Engine API share: filters, ports, progress messages, descriptors.
 *
 * Source: moby `api/docs/v1.51.yaml`, definitions.
 *
 * @module
 */

/** Filters as the API sends them: each key with the values of which one must match. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** Labels of a container, image, network or volume. */
export type Labels = Record<string, string>;

/** A value that the API writes as `{}` in sets, e.g. in `ExposedPorts`. */
export type EmptyObject = Record<string, never>;

/** Body of every error reply. */
export interface ErrorResponse {
  readonly message: string;
}

/** Reply to a create call that has only an id. */
export interface IdResponse {
  readonly Id: string;
}

/** A published port binding: address and port of the host. */
export interface PortBinding {
  HostIp?: string;
  HostPort?: string;
}

/** Port bindings by container port, e.g. `80/tcp`. */
export type PortMap = Record<string, PortBinding[] | null>;

/** A port in the container list. */
export interface Port {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** Size and type of a blob, as registries describe it. */
export interface OciDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  urls?: string[];
  annotations?: Record<string, string>;
  platform?: OciPlatform;
}

/** Platform of an image. */
export interface OciPlatform {
  architecture: string;
  os: string;
  "os.version"?: string;
  "os.features"?: string[];
  variant?: string;
}

/** Progress of one item in a {@linkcode JsonMessage}; sizes in bytes. */
export interface ProgressDetail {
  current?: number;
  total?: number;
  hidecounts?: boolean;
  units?: string;
}

/** One line of a progress stream (pull, push, import, load). */
export interface JsonMessage {
  stream?: string;
  status?: string;
  id?: string;
  progress?: string;
  progressDetail?: ProgressDetail;
  aux?: unknown;
  error?: string;
  errorDetail?: { code?: number; message: string };
}

/** Credentials of a registry, as `X-Registry-Auth` carries them. */
export interface AuthConfig {
  username?: string;
  password?: string;
  auth?: string;
  email?: string;
  serveraddress?: string;
  identitytoken?: string;
  registrytoken?: string;
}
