/**
 * Image config: how an image is to be run, what its layers are and how it came to be.
 *
 * Source: image-spec 1.1 `config.md`, `specs-go/v1/config.go`; Docker's additions as in moby
 * `api/types/container/config.go` and `image/spec`.
 *
 * @module
 */
import type { Digest } from "../digest.ts";

/** The document that an image's ID is the digest of. */
export interface ImageConfig {
  /** When it was made, RFC 3339. */
  created?: string;
  /** Who made it. */
  author?: string;
  /** CPU architecture, as GOARCH names it. */
  architecture: string;
  /** Operating system, as GOOS names it. */
  os: string;
  /** Version of the operating system (Windows). */
  "os.version"?: string;
  /** Features of the operating system that it needs (Windows). */
  "os.features"?: string[];
  /** Variant of the architecture, e.g. `v7`. */
  variant?: string;
  /** Defaults for containers. */
  config?: ImageRunConfig;
  /** The layers by the digests of their uncompressed tar files, base first. */
  rootfs: RootFs;
  /** How each layer came to be, base first. */
  history?: History[];
  /** Docker: version of the builder. */
  docker_version?: string;
  /** Docker: text of the commit. */
  comment?: string;
  /** Docker: container it was committed from. */
  container?: string;
  /** Docker: config of that container. */
  container_config?: unknown;
}

/** The layers of an image. */
export interface RootFs {
  /** Always `layers`. */
  type: string;
  /** DiffIDs, base first. */
  diff_ids: Digest[];
}

/** One step of an image's making. */
export interface History {
  /** When, RFC 3339. */
  created?: string;
  /** By what command. */
  created_by?: string;
  /** By whom. */
  author?: string;
  /** Remark. */
  comment?: string;
  /** Whether it made no layer. */
  empty_layer?: boolean;
}

/** Defaults for the containers of an image; keys as Docker spells them. */
export interface ImageRunConfig {
  /** `user`, `uid`, `user:group` or `uid:gid`. */
  User?: string;
  /** Ports, `80/tcp`. */
  ExposedPorts?: Record<string, Record<string, never>>;
  /** Environment, `NAME=value`. */
  Env?: string[];
  /** Program and first arguments. */
  Entrypoint?: string[] | null;
  /** Further arguments, or the program if there is no entry point. */
  Cmd?: string[] | null;
  /** Directories that become volumes. */
  Volumes?: Record<string, Record<string, never>> | null;
  /** Working directory. */
  WorkingDir?: string;
  /** Free data. */
  Labels?: Record<string, string> | null;
  /** Signal that stops it, e.g. `SIGTERM` or `15`. */
  StopSignal?: string;
  /** Windows: whether the command line is escaped already. */
  ArgsEscaped?: boolean;
  /** Docker: how its health is tested. */
  Healthcheck?: Healthcheck;
  /** Docker: instructions for builds on top of it. */
  OnBuild?: string[] | null;
  /** Docker: shell of the shell forms. */
  Shell?: string[];
  /** Docker: host name. */
  Hostname?: string;
  /** Docker: NIS domain name. */
  Domainname?: string;
  /** Docker: how long to wait after the stop signal. Seconds. */
  StopTimeout?: number;
}

/** Docker: how a container's health is tested. */
export interface Healthcheck {
  /** `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", line]`; empty inherits. */
  Test?: string[];
  /** Between two tests. Nanoseconds; 0 inherits. */
  Interval?: number;
  /** How long one test may take. Nanoseconds; 0 inherits. */
  Timeout?: number;
  /** How long after the start failures do not count. Nanoseconds; 0 inherits. */
  StartPeriod?: number;
  /** Between two tests during that time. Nanoseconds; 0 inherits. */
  StartInterval?: number;
  /** How many failures in a row make it unhealthy; 0 inherits. */
  Retries?: number;
}
