/**
 * A container's configuration: what the user asked for, filled up from the image.
 *
 * Source: moby `daemon/commit.go` merge, `daemon/container.go` (newContainer, verifyContainerSettings).
 *
 * @module
 */
import type { ContainerConfig } from "../api/types/index.ts";
import { InvalidParameterError } from "../errors.ts";
import type { ImageRunConfig } from "../oci.ts";

/** Name of an environment entry. */
function nameOf(entry: string): string {
  return entry.split("=", 1)[0]!;
}

/** `asked` with what `image` says where it says nothing. */
export function mergeConfig(asked: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  const merged: ContainerConfig = { ...asked };
  merged.User = asked.User || image.User || "";
  const env = [...(asked.Env ?? [])];
  for (const entry of image.Env ?? []) if (!env.some((own) => nameOf(own) === nameOf(entry))) env.push(entry);
  merged.Env = env;
  merged.Labels = { ...image.Labels, ...asked.Labels };
  const ports = { ...image.ExposedPorts, ...asked.ExposedPorts };
  if (Object.keys(ports).length > 0) merged.ExposedPorts = ports;
  const volumes = { ...image.Volumes, ...asked.Volumes };
  merged.Volumes = Object.keys(volumes).length > 0 ? volumes : null;
  if ((asked.Entrypoint ?? []).length === 0) {
    if ((asked.Cmd ?? []).length === 0) merged.Cmd = image.Cmd ? [...image.Cmd] : null;
    merged.Entrypoint = image.Entrypoint ? [...image.Entrypoint] : null;
  }
  if (merged.Entrypoint?.length === 1 && merged.Entrypoint[0] === "") merged.Entrypoint = null;
  merged.WorkingDir = asked.WorkingDir || image.WorkingDir || "";
  if (!asked.StopSignal && image.StopSignal) merged.StopSignal = image.StopSignal;
  if (image.Healthcheck && asked.Healthcheck === undefined) merged.Healthcheck = { ...image.Healthcheck };
  else if (image.Healthcheck && asked.Healthcheck) {
    const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = asked.Healthcheck;
    merged.Healthcheck = {
      Test: Test?.length ? Test : (image.Healthcheck.Test ?? null),
      Interval: Interval || image.Healthcheck.Interval || 0,
      Timeout: Timeout || image.Healthcheck.Timeout || 0,
      StartPeriod: StartPeriod || image.Healthcheck.StartPeriod || 0,
      StartInterval: StartInterval || image.Healthcheck.StartInterval || 0,
      Retries: Retries || image.Healthcheck.Retries || 0,
    };
  }
  return merged;
}

/** The program and its arguments. @throws {InvalidParameterError} "no command specified". */
export function commandOf(config: ContainerConfig): { path: string; args: string[] } {
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const [path, ...args] = words;
  if (path === undefined || (words.length === 1 && path === ""))
    throw new InvalidParameterError("no command specified");
  return { path, args };
}

/** A configuration with every field that inspect shows. */
export function fullConfig(config: ContainerConfig, id: string): ContainerConfig {
  return {
    ...config,
    Hostname: config.Hostname || id.slice(0, 12),
    Domainname: config.Domainname ?? "",
    User: config.User ?? "",
    AttachStdin: config.AttachStdin ?? false,
    AttachStdout: config.AttachStdout ?? false,
    AttachStderr: config.AttachStderr ?? false,
    Tty: config.Tty ?? false,
    OpenStdin: config.OpenStdin ?? false,
    StdinOnce: config.StdinOnce ?? false,
    Env: config.Env ?? [],
    Cmd: config.Cmd ?? null,
    Image: config.Image ?? "",
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? {},
  };
}
