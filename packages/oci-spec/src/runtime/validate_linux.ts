/**
 * Checks of `linux`: namespaces, mappings, devices, paths, sysctls and the smaller sections.
 *
 * Source: runtime-spec 1.3.0 `config-linux.md`; what goes with which namespace as in runc
 * `libcontainer/configs/validate/validator.go`; errno rules as in user_namespaces(7), set_mempolicy(2).
 *
 * @module
 */

import {
  absolute,
  type Json,
  numberList,
  oneOf,
  type ProblemList,
  pathOf,
  show,
  UINT32_MAX,
} from "./problem.ts";
import { sysctlFault } from "./sysctl.ts";
import { checkIdMappings } from "./validate_mappings.ts";
import { checkResources } from "./validate_resources.ts";
import { checkSeccomp } from "./validate_seccomp.ts";

/** Kinds of kernel namespace, in runtime-spec's order. */
export const NAMESPACE_TYPES = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"] as const;

/** Namespaces of a config by kind: `new`, or joined by path. */
export type NamespaceSet = ReadonlyMap<string, { readonly joined: boolean }>;

/** Checks the object `linux` at `at`; `namespaces` is what {@linkcode checkNamespaces} gave for it. */
export function checkLinux(list: ProblemList, linux: Json, at: string, namespaces: NamespaceSet): void {
  checkUserNamespace(list, linux, at, namespaces);
  checkDevices(list, linux, at);
  checkNetDevices(list, linux, at, namespaces);
  checkCgroupsPath(list, linux, at);
  const resources = list.object(linux, "resources", at);
  if (resources !== undefined) checkResources(list, resources, `${at}.resources`);
  checkSysctl(list, linux, at, namespaces);
  const seccomp = list.object(linux, "seccomp", at);
  if (seccomp !== undefined) checkSeccomp(list, seccomp, `${at}.seccomp`);
  checkPaths(list, linux, at, namespaces);
  checkIntelRdt(list, linux, at);
  checkMemoryPolicy(list, linux, at);
  checkPersonality(list, linux, at);
  checkTimeOffsets(list, linux, at, namespaces);
}

/** Checks `linux.namespaces` and says which there are. */
export function checkNamespaces(list: ProblemList, linux: Json, at: string): NamespaceSet {
  list.rule = "config-linux.md#namespaces";
  const found = new Map<string, { joined: boolean }>();
  list.each(linux, "namespaces", at, (namespace, path) => {
    const type = list.word(namespace, "type", path, NAMESPACE_TYPES);
    const joined = list.string(namespace, "path", path, absolute) !== undefined;
    if (type === undefined) return;
    if (found.has(type)) list.error(`${path}.type`, `must not occur twice: ${type}`);
    else found.set(type, { joined });
  });
  return found;
}

function checkUserNamespace(list: ProblemList, linux: Json, at: string, namespaces: NamespaceSet): void {
  list.rule = "config-linux.md#user-namespace-mappings";
  const user = namespaces.get("user");
  for (const key of ["uidMappings", "gidMappings"]) {
    const count = checkIdMappings(list, linux, key, at);
    if (count > 0 && user === undefined) list.error(pathOf(at, key), "needs a user namespace");
    if (count === 0 && user !== undefined && !user.joined) {
      list.error(pathOf(at, key), "must not be empty where there is a new user namespace");
    }
  }
}

function checkDevices(list: ProblemList, linux: Json, at: string): void {
  list.rule = "config-linux.md#devices";
  const seen = new Set<string>();
  list.each(linux, "devices", at, (device, path) => {
    const where = list.string(device, "path", path, absolute, true);
    if (where !== undefined && seen.has(where)) list.warn(`${path}.path`, `occurs twice: ${show(where)}`);
    if (where !== undefined) seen.add(where);
    const type = list.word(device, "type", path, ["c", "b", "u", "p"]);
    const numbered = type !== undefined && type !== "p";
    list.integer(device, "major", path, { required: numbered, max: 0xfff });
    list.integer(device, "minor", path, { required: numbered, max: 0xf_ffff });
    list.integer(device, "fileMode", path, { max: UINT32_MAX });
    list.integer(device, "uid", path, { max: UINT32_MAX });
    list.integer(device, "gid", path, { max: UINT32_MAX });
  });
}

/** What is wrong with a network interface's name. */
function interfaceFault(name: string): string | undefined {
  const ok = name.length <= 15 && name !== "." && name !== ".." && /^[^\s/:%\0]+$/.test(name);
  return ok ? undefined : `must be an interface name of 1 to 15 bytes, is ${show(name)}`;
}

function checkNetDevices(list: ProblemList, linux: Json, at: string, namespaces: NamespaceSet): void {
  list.rule = "config-linux.md#network-devices";
  const devices = list.object(linux, "netDevices", at);
  if (devices === undefined) return;
  const base = pathOf(at, "netDevices");
  if (Object.keys(devices).length > 0 && !namespaces.has("network"))
    list.error(base, "needs a network namespace");
  const targets = new Set<string>();
  for (const [host, value] of Object.entries(devices)) {
    const path = pathOf(base, host);
    const wrong = interfaceFault(host);
    if (wrong !== undefined) list.error(path, wrong);
    const device = list.asObject(value, path);
    if (device === undefined) continue;
    const target = list.string(device, "name", path, interfaceFault) ?? host;
    if (targets.has(target)) list.error(`${path}.name`, `must not occur twice: ${show(target)}`);
    targets.add(target);
  }
}

function checkCgroupsPath(list: ProblemList, linux: Json, at: string): void {
  list.rule = "config-linux.md#cgroups-path";
  const path = list.string(linux, "cgroupsPath", at, (text) =>
    /[\0\n]/.test(text) ? "must not contain a NUL byte or a line break" : undefined,
  );
  if (path?.split("/").includes(".."))
    list.warn(`${at}.cgroupsPath`, `should not contain "..": ${show(path)}`);
}

function checkSysctl(list: ProblemList, linux: Json, at: string, namespaces: NamespaceSet): void {
  list.rule = "config-linux.md#sysctl";
  for (const [key, value] of list.texts(linux, "sysctl", at)) {
    const wrong = sysctlFault(key, (type) => namespaces.has(type));
    const path = pathOf(pathOf(at, "sysctl"), key);
    if (wrong !== undefined) list.error(path, wrong);
    if (value.includes("\0")) list.error(path, "must not contain a NUL byte");
  }
}

const PROPAGATIONS = ["", "r"].flatMap((r) => ["shared", "slave", "private", "unbindable"].map((p) => r + p));

function checkPaths(list: ProblemList, linux: Json, at: string, namespaces: NamespaceSet): void {
  list.rule = "config-linux.md#rootfs-mount-propagation";
  list.string(linux, "rootfsPropagation", at, (text) => oneOf(PROPAGATIONS, text));
  for (const key of ["maskedPaths", "readonlyPaths"]) {
    list.rule = key === "maskedPaths" ? "config-linux.md#masked-paths" : "config-linux.md#readonly-paths";
    const paths = list.strings(linux, key, at, absolute);
    if (paths.length > 0 && !namespaces.has("mount")) list.error(`${at}.${key}`, "needs a mount namespace");
  }
  list.rule = "config-linux.md#mount-label";
  list.string(linux, "mountLabel", at);
}

function checkIntelRdt(list: ProblemList, linux: Json, at: string): void {
  list.rule = "config-linux.md#intelrdt";
  const rdt = list.object(linux, "intelRdt", at);
  if (rdt === undefined) return;
  const path = `${at}.intelRdt`;
  list.string(rdt, "closID", path, (id) =>
    id === "." || id === ".." || /[/\0\n]/.test(id) ? `must be a directory name, is ${show(id)}` : undefined,
  );
  list.strings(rdt, "schemata", path, (text) => (/[\0\n]/.test(text) ? "must be a single line" : undefined));
  list.string(rdt, "l3CacheSchema", path);
  list.string(rdt, "memBwSchema", path, (text) => (/\n/.test(text) ? "must be a single line" : undefined));
  list.boolean(rdt, "enableMonitoring", path);
}

const MODES = [
  "DEFAULT",
  "BIND",
  "INTERLEAVE",
  "WEIGHTED_INTERLEAVE",
  "PREFERRED",
  "PREFERRED_MANY",
  "LOCAL",
];
const MODE_FLAGS = ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"];

function checkMemoryPolicy(list: ProblemList, linux: Json, at: string): void {
  list.rule = "config-linux.md#memory-policy";
  const policy = list.object(linux, "memoryPolicy", at);
  if (policy === undefined) return;
  const path = `${at}.memoryPolicy`;
  const mode = list.word(
    policy,
    "mode",
    path,
    MODES.map((m) => `MPOL_${m}`),
  );
  const nodes = list.string(policy, "nodes", path, numberList);
  const flags = list.strings(policy, "flags", path, (flag) => oneOf(MODE_FLAGS, flag));
  const nodeless = mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL";
  if (nodeless && nodes !== undefined) list.error(`${path}.nodes`, `must be empty with ${mode}`);
  if (mode !== undefined && !nodeless && mode !== "MPOL_PREFERRED" && nodes === undefined) {
    list.error(`${path}.nodes`, `must name at least one node with ${mode}`);
  }
  if (nodeless && flags.length > 0) list.error(`${path}.flags`, `must be empty with ${mode}`);
  if (flags.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    list.error(`${path}.flags`, "must not have both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES");
  }
}

function checkPersonality(list: ProblemList, linux: Json, at: string): void {
  list.rule = "config-linux.md#personality";
  const personality = list.object(linux, "personality", at);
  if (personality === undefined) return;
  list.word(personality, "domain", `${at}.personality`, ["LINUX", "LINUX32"]);
  if (list.strings(personality, "flags", `${at}.personality`).length > 0) {
    list.warn(`${at}.personality.flags`, "are ignored: no flag is defined");
  }
}

function checkTimeOffsets(list: ProblemList, linux: Json, at: string, namespaces: NamespaceSet): void {
  list.rule = "config-linux.md#offset-for-time-namespace";
  const offsets = list.object(linux, "timeOffsets", at);
  if (offsets === undefined) return;
  const base = pathOf(at, "timeOffsets");
  const time = namespaces.get("time");
  if (Object.keys(offsets).length > 0 && (time === undefined || time.joined)) {
    list.error(base, "needs a new time namespace");
  }
  for (const [clock, value] of Object.entries(offsets)) {
    const path = pathOf(base, clock);
    const wrong = oneOf(["monotonic", "boottime"], clock);
    if (wrong !== undefined) list.error(path, wrong.replace("must be", "must be a clock:"));
    const offset = list.asObject(value, path);
    if (offset === undefined) continue;
    list.integer(offset, "secs", path, { min: Number.MIN_SAFE_INTEGER });
    list.integer(offset, "nanosecs", path, { max: 999_999_999 });
  }
}
