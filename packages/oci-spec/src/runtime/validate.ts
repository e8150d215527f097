/**
 * Validation of config.json: every rule it breaks, each with its exact place, in one pass.
 *
 * The input may be any JSON; unknown fields are ignored, as the spec demands, and the parts of other platforms are not
 * looked into. What can only be known on the machine (does the file exist, has the kernel the feature) is the
 * runtime's to check.
 *
 * Source: runtime-spec 1.3.0 `config.md`, `config-linux.md`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { InvalidSpecError } from "../errors.ts";
import { absolute, type Json, nul, type Problem, ProblemList, pathOf, show } from "./problem.ts";
import type { Process, Spec } from "./spec.ts";
import type { LinuxResources } from "./spec_resources.ts";
import { checkLinux, checkNamespaces, type NamespaceSet } from "./validate_linux.ts";
import { checkMounts } from "./validate_mounts.ts";
import { checkProcess, envFault } from "./validate_process.ts";
import { checkResources } from "./validate_resources.ts";

/** Options for {@linkcode validateSpec}. */
export interface ValidateSpecOptions {
  /** Whether there must be something to run. @default {true} */
  readonly requireProcess?: boolean;
}

/**
 * Every rule that `spec` breaks; none if it is good. Never throws.
 *
 * @example
 * ```ts
 * import { validateSpec } from "@rt/oci-spec";
 * const problems = validateSpec({ ociVersion: "1.3.0", root: { path: "rootfs" }, process: { cwd: "x", args: ["sh"] } });
 * if (problems[0]?.path !== "process.cwd") throw new Error("a relative cwd was not found");
 * ```
 */
export function validateSpec(spec: unknown, options: ValidateSpecOptions = {}): Problem[] {
  const list = new ProblemList();
  list.rule = "config.md";
  const top = list.asObject(spec, "");
  if (top === undefined) return list.found;
  checkVersion(list, top);
  checkRoot(list, top);
  list.rule = "config.md#process";
  const process = list.object(top, "process", "", options.requireProcess ?? true);
  if (process !== undefined) checkProcess(list, process, "process");
  list.rule = "config-linux.md";
  const linux = list.object(top, "linux", "");
  const namespaces: NamespaceSet = linux === undefined ? new Map() : checkNamespaces(list, linux, "linux");
  checkNames(list, top, namespaces);
  checkMounts(list, top, namespaces);
  checkHooks(list, top);
  checkAnnotations(list, top);
  if (linux !== undefined) checkLinux(list, linux, "linux", namespaces);
  return list.found;
}

/** Every rule that a process for `exec` breaks. Never throws. */
export function validateProcess(process: unknown): Problem[] {
  const list = new ProblemList();
  list.rule = "config.md#process";
  const top = list.asObject(process, "process");
  if (top !== undefined) checkProcess(list, top, "process");
  return list.found;
}

/** Every rule that resources for `update` break. Never throws. */
export function validateResources(resources: unknown): Problem[] {
  const list = new ProblemList();
  list.rule = "config-linux.md#control-groups";
  const top = list.asObject(resources, "resources");
  if (top !== undefined) checkResources(list, top, "resources");
  return list.found;
}

/**
 * Makes sure that `value` is a config that can run; warnings pass.
 *
 * @throws {InvalidSpecError} `INVALID_ARGUMENT` with every problem.
 */
export function assertSpec(value: unknown, options?: ValidateSpecOptions): asserts value is Spec {
  refuse("config.json", validateSpec(value, options));
}

/**
 * Makes sure that `value` is a process that can run; warnings pass.
 *
 * @throws {InvalidSpecError} `INVALID_ARGUMENT` with every problem.
 */
export function assertProcess(value: unknown): asserts value is Process {
  refuse("process", validateProcess(value));
}

/**
 * Makes sure that `value` is a set of limits; warnings pass.
 *
 * @throws {InvalidSpecError} `INVALID_ARGUMENT` with every problem.
 */
export function assertResources(value: unknown): asserts value is LinuxResources {
  refuse("resources", validateResources(value));
}

function refuse(what: string, problems: Problem[]): void {
  if (problems.some((p) => p.severity === "error")) throw new InvalidSpecError(what, problems);
}

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

function checkVersion(list: ProblemList, top: Json): void {
  list.rule = "config.md#specification-version";
  const version = list.string(
    top,
    "ociVersion",
    "",
    (text) =>
      text.length < 256 && SEMVER.test(text) ? undefined : `must be a SemVer version, is ${show(text)}`,
    true,
  );
  const major = SEMVER.exec((version ?? "").slice(0, 256))?.[1];
  if (major !== undefined && major !== "1" && major !== "0") {
    list.error("ociVersion", `must be of major version 1, is ${show(version)}`);
  }
}

function checkRoot(list: ProblemList, top: Json): void {
  list.rule = "config.md#root";
  const other = ["windows", "solaris", "zos", "freebsd", "vm"].some(
    (key) => top[key] !== undefined && top[key] !== null,
  );
  const root = list.object(top, "root", "", !other);
  if (root === undefined) return;
  list.string(root, "path", "root", nul, true);
  list.boolean(root, "readonly", "root");
}

function checkNames(list: ProblemList, top: Json, namespaces: NamespaceSet): void {
  const limits = { hostname: "config.md#hostname", domainname: "config.md#domainname" };
  for (const [key, rule] of Object.entries(limits)) {
    list.rule = rule;
    // sethostname(2) and setdomainname(2) take at most 64 bytes.
    const name = list.string(top, key, "", (text) =>
      Buffer.byteLength(text) > 64 ? `must have at most 64 bytes, is ${show(text)}` : nul(text),
    );
    if (name !== undefined && top.linux && !namespaces.has("uts")) list.error(key, "needs a uts namespace");
  }
}

const HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

function checkHooks(list: ProblemList, top: Json): void {
  list.rule = "config.md#posix-platform-hooks";
  const hooks = list.object(top, "hooks", "");
  if (hooks === undefined) return;
  for (const point of HOOKS) {
    list.each(hooks, point, "hooks", (hook, path) => {
      list.string(hook, "path", path, absolute, true);
      list.strings(hook, "args", path);
      list.strings(hook, "env", path, envFault);
      list.integer(hook, "timeout", path, { min: 1 });
    });
  }
}

function checkAnnotations(list: ProblemList, top: Json): void {
  list.rule = "config.md#annotations";
  for (const [key] of list.texts(top, "annotations", "")) {
    if (key === "") list.error(pathOf("annotations", key), "must have a key that is not empty");
  }
}
