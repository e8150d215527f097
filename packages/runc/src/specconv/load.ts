/**
 * config.json: read, checked, and refused in the peer's words where callers know them.
 *
 * Source: opencontainers/runc spec.go `loadSpec`, utils_linux.go `validateProcessSpec`,
 * libcontainer/configs/validate/validator.go; the rest by @rt/oci-spec's validation.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { Problem, Process, Spec } from "@rt/oci-spec/oci";
import { parseJson, validateProcess, validateSpec } from "@rt/oci-spec/oci";
import { InvalidRequestError } from "../errors.ts";
import { planNamespaces } from "../namespaces/namespaces.ts";

/** Reads `config.json` of a bundle. @throws {InvalidRequestError} */
export function readSpec(bundle: string): Spec {
  let text: string;
  try {
    text = readFileSync(join(bundle, "config.json"), "utf8");
  } catch (err) {
    if ((err as { code?: string }).code === "ENOENT") {
      throw new InvalidRequestError("JSON specification file config.json not found", err);
    }
    throw err;
  }
  return parseJson(text, "config.json") as Spec;
}

/** Checks a configuration. @throws {InvalidRequestError} naming the first rule that it breaks. */
export function checkSpec(spec: Spec): void {
  if (spec.process === undefined || spec.process === null) {
    throw new InvalidRequestError("process property must not be empty");
  }
  checkProcessTexts(spec.process);
  if (spec.root === undefined || spec.root === null) throw new InvalidRequestError("root must be specified");
  const { created, joined } = planNamespaces(spec.linux?.namespaces ?? []);
  const has = (type: Parameters<typeof created.has>[0]): boolean =>
    created.has(type) || joined.some(([t]) => t === type);
  if (spec.hostname && !has("uts")) {
    throw new InvalidRequestError("unable to set hostname without a private UTS namespace");
  }
  if (!has("mount")) throw new InvalidRequestError("a container needs a mount namespace of its own");
  refuse(validateSpec(spec).filter((p) => !isTolerated(p)));
  refuseUnsupported(spec);
}

/** Checks a process for exec. @throws {InvalidRequestError} */
export function checkProcess(process: Process): void {
  if ((process.args ?? []).length === 0) throw new InvalidRequestError("process args cannot be empty");
  checkProcessTexts(process);
  refuse(validateProcess(process).filter((p) => !isTolerated(p)));
  refuseAsked(unsupportedOfProcess(process));
}

function checkProcessTexts(process: Process): void {
  if (!process.cwd) throw new InvalidRequestError("Cwd property must not be empty");
  if (!isAbsolute(process.cwd)) throw new InvalidRequestError("Cwd must be an absolute path");
  if ((process.args ?? []).length === 0) throw new InvalidRequestError("args must not be empty");
}

/** Breaches that the peer puts up with: capability names of newer kernels. */
function isTolerated(problem: Problem): boolean {
  return problem.path.startsWith("process.capabilities") || problem.path.startsWith("capabilities");
}

function refuse(problems: readonly Problem[]): void {
  const first = problems.find((p) => p.severity === "error");
  if (first !== undefined) throw new InvalidRequestError(`${first.path} ${first.message}`.trim());
}

/** What we know and cannot do yet is refused, never left out in silence. */
function refuseUnsupported(spec: Spec): void {
  const idmapped = (spec.mounts ?? []).some((m) => (m.uidMappings ?? m.gidMappings ?? []).length > 0);
  const asked: Asked = [
    ...unsupportedOfProcess(spec.process),
    ["linux.mountLabel", Boolean(spec.linux?.mountLabel)],
    ["linux.intelRdt", spec.linux?.intelRdt !== undefined],
    ["linux.memoryPolicy", spec.linux?.memoryPolicy !== undefined],
    ["linux.netDevices", Object.keys(spec.linux?.netDevices ?? {}).length > 0],
    ["linux.personality", spec.linux?.personality !== undefined],
    ["mounts[].uidMappings", idmapped],
    ["linux.seccomp.listenerPath", Boolean(spec.linux?.seccomp?.listenerPath)],
  ];
  refuseAsked(asked);
}

type Asked = readonly (readonly [what: string, isAsked: boolean])[];

function unsupportedOfProcess(process: Process | undefined): Asked {
  return [
    ["process.selinuxLabel", Boolean(process?.selinuxLabel)],
    ["process.scheduler", process?.scheduler !== undefined],
    ["process.ioPriority", process?.ioPriority !== undefined],
  ];
}

function refuseAsked(asked: Asked): void {
  for (const [what, isAsked] of asked) {
    if (isAsked) throw new InvalidRequestError(`${what} is not supported`);
  }
}

/** Absolute path of the root file system. @throws {InvalidRequestError} if it is no directory. */
export function rootfsPath(bundle: string, spec: Spec): string {
  const path = resolve(bundle, spec.root?.path ?? "");
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (err) {
    throw new InvalidRequestError(`invalid rootfs: stat ${path}: no such file or directory`, err);
  }
  if (!isDirectory) throw new InvalidRequestError(`invalid rootfs: ${path}: not a directory`);
  return path;
}
