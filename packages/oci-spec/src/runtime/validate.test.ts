import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultSpec } from "./example.ts";
import type { Problem } from "./problem.ts";
import { parseJson } from "./spec_json.ts";
import { assertSpec, validateProcess, validateResources, validateSpec } from "./validate.ts";

/** The example config with one place changed; `undefined` removes it. */
function withValue(path: (string | number)[], value: unknown): unknown {
  const spec = structuredClone(defaultSpec()) as unknown as Record<string, unknown>;
  let at: Record<string | number, unknown> = spec;
  for (const [i, key] of path.slice(0, -1).entries()) {
    at[key] ??= typeof path[i + 1] === "number" ? [] : {};
    at = at[key] as Record<string | number, unknown>;
  }
  const last = path.at(-1)!;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return spec;
}

const lines = (problems: Problem[]) => problems.map((p) => `${p.path}: ${p.message}`);
const L = "linux";
const R = ["linux", "resources"];
const NS = ["linux", "namespaces"];
const all = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"].join(", ");
const map = (containerID: unknown, hostID: unknown, size: unknown) => ({ containerID, hostID, size });
const userNs = (extra: object) => ({
  namespaces: [{ type: "user" }, { type: "mount" }, { type: "uts" }],
  ...extra,
});
const one = map(0, 1000, 1);

/** Where to change the example, to what, and what has to be found. */
const broken: [path: (string | number)[], value: unknown, found: string][] = [
  [["ociVersion"], undefined, "ociVersion: is required"],
  [["ociVersion"], null, "ociVersion: is required"],
  [["ociVersion"], "", "ociVersion: must not be empty"],
  [["ociVersion"], 1, "ociVersion: must be a string, is 1"],
  [["ociVersion"], "1.0", 'ociVersion: must be a SemVer version, is "1.0"'],
  [["ociVersion"], "01.0.0", 'ociVersion: must be a SemVer version, is "01.0.0"'],
  [["ociVersion"], "2.0.0", 'ociVersion: must be of major version 1, is "2.0.0"'],
  [["hostname"], 5, "hostname: must be a string, is 5"],
  [["hostname"], "x".repeat(65), `hostname: must have at most 64 bytes, is "${"x".repeat(65)}"`],
  [["hostname"], "a\0b", "hostname: must not contain a NUL byte"],
  [["domainname"], [], "domainname: must be a string, is an array"],
  [["root"], undefined, "root: is required"],
  [["root"], "x", 'root: must be an object, is "x"'],
  [["root", "path"], undefined, "root.path: is required"],
  [["root", "path"], "", "root.path: must not be empty"],
  [["root", "path"], "a\0", "root.path: must not contain a NUL byte"],
  [["root", "readonly"], "yes", 'root.readonly: must be true or false, is "yes"'],
  [["annotations"], ["x"], "annotations: must be an object, is an array"],
  [["annotations"], { a: 1 }, "annotations.a: must be a string, is 1"],
  [["annotations"], { "": "x" }, 'annotations[""]: must have a key that is not empty'],
  [["annotations"], { "a.b/c": null }, 'annotations["a.b/c"]: must be a string, is null'],
  [["process"], undefined, "process: is required"],
  [["process"], 3, "process: must be an object, is 3"],
  [["process", "terminal"], 1, "process.terminal: must be true or false, is 1"],
  [["process", "cwd"], undefined, "process.cwd: is required"],
  [["process", "cwd"], "", "process.cwd: must not be empty"],
  [["process", "cwd"], "tmp", 'process.cwd: must be an absolute path, is "tmp"'],
  [["process", "args"], undefined, "process.args: must have at least one entry"],
  [["process", "args"], [], "process.args: must have at least one entry"],
  [["process", "args"], "sh", 'process.args: must be an array, is "sh"'],
  [["process", "args", 0], 1, "process.args[0]: must be a string, is 1"],
  [["process", "args", 0], "a\0", "process.args[0]: must not contain a NUL byte"],
  [["process", "env", 1], "X", 'process.env[1]: must have the form NAME=value, is "X"'],
  [["process", "env", 0], "=x", "process.env[0]: must have a name before the ="],
  [["process", "env", 0], "A=\0", "process.env[0]: must not contain a NUL byte"],
  [["process", "env"], { A: "b" }, "process.env: must be an array, is an object"],
  [["process", "consoleSize"], { height: 1 }, "process.consoleSize.width: is required"],
  [
    ["process", "consoleSize"],
    { height: -1, width: 1 },
    "process.consoleSize.height: must be from 0 to 65535, is -1",
  ],
  [["process", "user"], "root", 'process.user: must be an object, is "root"'],
  [["process", "user", "uid"], -1, "process.user.uid: must be from 0 to 4294967294, is -1"],
  [["process", "user", "uid"], 4294967295, "process.user.uid: must be from 0 to 4294967294, is 4294967295"],
  [["process", "user", "gid"], 1.5, "process.user.gid: must be a whole number, is 1.5"],
  [["process", "user", "gid"], "0", 'process.user.gid: must be a whole number, is "0"'],
  [["process", "user", "umask"], 0o1000, "process.user.umask: must be from 0 to 511, is 512"],
  [
    ["process", "user", "additionalGids"],
    [1, -2],
    "process.user.additionalGids[1]: must be a group id, is -2",
  ],
  [["process", "user", "additionalGids"], 5, "process.user.additionalGids: must be an array, is 5"],
  [["process", "capabilities"], [], "process.capabilities: must be an object, is an array"],
  [
    ["process", "capabilities", "bounding", 0],
    "chown",
    'process.capabilities.bounding[0]: must be a name such as CAP_CHOWN, is "chown"',
  ],
  [
    ["process", "capabilities", "bounding", 0],
    "CAP_TEST",
    "process.capabilities.bounding[0]: is not a capability that Linux has: CAP_TEST",
  ],
  [
    ["process", "capabilities", "effective", 0],
    "CAP_CHOWN",
    "process.capabilities.effective[0]: must be in the permitted set too: CAP_CHOWN",
  ],
  [
    ["process", "capabilities", "ambient", 0],
    "CAP_CHOWN",
    "process.capabilities.ambient[0]: must be in the permitted set too: CAP_CHOWN",
  ],
  [
    ["process", "rlimits", 1],
    { type: "RLIMIT_NOFILE", hard: 1, soft: 1 },
    "process.rlimits[1].type: must not occur twice: RLIMIT_NOFILE",
  ],
  [
    ["process", "rlimits", 0, "soft"],
    1025,
    "process.rlimits[0].soft: must not exceed the hard limit 1024, is 1025",
  ],
  [["process", "rlimits", 0, "hard"], -1, "process.rlimits[0].hard: must be from 0 to 2^64-1, is -1"],
  [["process", "rlimits", 0, "soft"], undefined, "process.rlimits[0].soft: is required"],
  [["process", "rlimits", 0, "type"], undefined, "process.rlimits[0].type: is required"],
  [["process", "rlimits", 0], "x", 'process.rlimits[0]: must be an object, is "x"'],
  [["process", "noNewPrivileges"], "true", 'process.noNewPrivileges: must be true or false, is "true"'],
  [["process", "apparmorProfile"], 1, "process.apparmorProfile: must be a string, is 1"],
  [["process", "selinuxLabel"], {}, "process.selinuxLabel: must be a string, is an object"],
  [["process", "oomScoreAdj"], 1001, "process.oomScoreAdj: must be from -1000 to 1000, is 1001"],
  [["process", "oomScoreAdj"], -1001, "process.oomScoreAdj: must be from -1000 to 1000, is -1001"],
  [["process", "scheduler"], {}, "process.scheduler.policy: is required"],
  [
    ["process", "scheduler"],
    { policy: "SCHED_X" },
    'process.scheduler.policy: must be one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE, is "SCHED_X"',
  ],
  [
    ["process", "scheduler"],
    { policy: "SCHED_OTHER", nice: 20 },
    "process.scheduler.nice: must be from -20 to 19, is 20",
  ],
  [
    ["process", "scheduler"],
    { policy: "SCHED_OTHER", nice: -21 },
    "process.scheduler.nice: must be from -20 to 19, is -21",
  ],
  [["process", "scheduler"], { policy: "SCHED_FIFO" }, "process.scheduler.priority: is required"],
  [
    ["process", "scheduler"],
    { policy: "SCHED_RR", priority: 100 },
    "process.scheduler.priority: must be from 1 to 99, is 100",
  ],
  [
    ["process", "scheduler"],
    { policy: "SCHED_BATCH", priority: 1 },
    "process.scheduler.priority: can only be specified for SCHED_FIFO or SCHED_RR policy",
  ],
  [
    ["process", "scheduler"],
    { policy: "SCHED_OTHER", runtime: 1 },
    "process.scheduler.runtime: can only be specified for SCHED_DEADLINE policy",
  ],
  [
    ["process", "scheduler"],
    { policy: "SCHED_OTHER", period: 1 },
    "process.scheduler.period: can only be specified for SCHED_DEADLINE policy",
  ],
  [
    ["process", "scheduler"],
    { policy: "SCHED_OTHER", flags: ["X"] },
    'process.scheduler.flags[0]: must be one of SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX, is "X"',
  ],
  [["process", "ioPriority"], { priority: 1 }, "process.ioPriority.class: is required"],
  [
    ["process", "ioPriority"],
    { class: "IOPRIO_CLASS_NONE", priority: 1 },
    'process.ioPriority.class: must be one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE, is "IOPRIO_CLASS_NONE"',
  ],
  [
    ["process", "ioPriority"],
    { class: "IOPRIO_CLASS_BE", priority: 8 },
    "process.ioPriority.priority: must be from 0 to 7, is 8",
  ],
  [
    ["process", "execCPUAffinity"],
    { initial: "3-1" },
    'process.execCPUAffinity.initial: must be a list such as 0-3,7, is "3-1"',
  ],
  [
    ["process", "execCPUAffinity"],
    { final: "a" },
    'process.execCPUAffinity.final: must be a list such as 0-3,7, is "a"',
  ],
  [["hooks"], [], "hooks: must be an object, is an array"],
  [["hooks"], { prestart: {} }, "hooks.prestart: must be an array, is an object"],
  [["hooks"], { prestart: [{}] }, "hooks.prestart[0].path: is required"],
  [
    ["hooks"],
    { createRuntime: [{ path: "x" }] },
    'hooks.createRuntime[0].path: must be an absolute path, is "x"',
  ],
  [
    ["hooks"],
    { createContainer: [{ path: "/x", env: ["A"] }] },
    'hooks.createContainer[0].env[0]: must have the form NAME=value, is "A"',
  ],
  [
    ["hooks"],
    { startContainer: [{ path: "/x", args: [1] }] },
    "hooks.startContainer[0].args[0]: must be a string, is 1",
  ],
  [
    ["hooks"],
    { poststart: [{ path: "/x", timeout: 0 }] },
    "hooks.poststart[0].timeout: must be at least 1, is 0",
  ],
  [["hooks"], { poststop: ["/x"] }, 'hooks.poststop[0]: must be an object, is "/x"'],
  [["mounts"], {}, "mounts: must be an array, is an object"],
  [["mounts", 0, "destination"], undefined, "mounts[0].destination: is required"],
  [["mounts", 0, "destination"], "", "mounts[0].destination: must not be empty"],
  [["mounts", 0, "destination"], "proc", 'mounts[0].destination: should be an absolute path, is "proc"'],
  [["mounts", 1, "options"], "ro", 'mounts[1].options: must be an array, is "ro"'],
  [["mounts", 1, "options", 0], 1, "mounts[1].options[0]: must be a string, is 1"],
  [["mounts", 0, "type"], 1, "mounts[0].type: must be a string, is 1"],
  [["mounts", 7], { destination: "/x", options: ["bind"] }, "mounts[7].source: is required for a bind mount"],
  [["mounts", 0, "source"], "a\0", "mounts[0].source: must not contain a NUL byte"],
  [["mounts", 0, "uidMappings"], [one], "mounts[0].gidMappings: is required where there are uidMappings"],
  [["mounts", 0, "gidMappings"], [one], "mounts[0].uidMappings: is required where there are gidMappings"],
  [
    ["mounts", 0, "options"],
    ["idmap"],
    "mounts[0].options: must not have idmap without mappings or a user namespace",
  ],
  [
    ["mounts", 0, "options"],
    ["ridmap"],
    "mounts[0].options: must not have ridmap without mappings or a user namespace",
  ],
  [[L], [], "linux: must be an object, is an array"],
  [NS, {}, "linux.namespaces: must be an array, is an object"],
  [[...NS, 2, "type"], undefined, "linux.namespaces[2].type: is required"],
  [[...NS, 2, "type"], "net", `linux.namespaces[2].type: must be one of ${all}, is "net"`],
  [[...NS, 2, "type"], "pid", "linux.namespaces[2].type: must not occur twice: pid"],
  [
    [...NS, 2, "path"],
    "proc/1/ns/ipc",
    'linux.namespaces[2].path: must be an absolute path, is "proc/1/ns/ipc"',
  ],
  [[...NS, 2, "path"], 1, "linux.namespaces[2].path: must be a string, is 1"],
  [NS, [{ type: "mount" }], "hostname: needs a uts namespace"],
  [NS, [{ type: "uts" }], "linux.maskedPaths: needs a mount namespace"],
  [NS, [{ type: "uts" }], "linux.readonlyPaths: needs a mount namespace"],
  [[L, "uidMappings"], [one], "linux.uidMappings: needs a user namespace"],
  [[L, "gidMappings"], [one], "linux.gidMappings: needs a user namespace"],
  [[L], userNs({}), "linux.uidMappings: must not be empty where there is a new user namespace"],
  [[L], userNs({}), "linux.gidMappings: must not be empty where there is a new user namespace"],
  [
    [L],
    userNs({ uidMappings: [map(0, 0, 0)] }),
    "linux.uidMappings[0].size: must be from 1 to 4294967295, is 0",
  ],
  [
    [L],
    userNs({ uidMappings: [map(-1, 0, 1)] }),
    "linux.uidMappings[0].containerID: must be from 0 to 4294967295, is -1",
  ],
  [[L], userNs({ uidMappings: [map(0, undefined, 1)] }), "linux.uidMappings[0].hostID: is required"],
  [
    [L],
    userNs({ uidMappings: [map(0, 10, 5), map(4, 100, 1)] }),
    "linux.uidMappings[1].containerID: must not overlap another entry, is 4",
  ],
  [
    [L],
    userNs({ gidMappings: [map(0, 10, 5), map(5, 14, 1)] }),
    "linux.gidMappings[1].hostID: must not overlap another entry, is 14",
  ],
  [
    [L],
    userNs({ gidMappings: [map(4294967295, 1, 2)] }),
    "linux.gidMappings[0].containerID: must leave room for 2 ids below 2^32, is 4294967295",
  ],
  [
    [L],
    userNs({ gidMappings: Array.from({ length: 341 }, (_, i) => map(i, i, 1)) }),
    "linux.gidMappings: must have at most 340 entries, has 341",
  ],
  [[L, "devices"], [{ type: "c", major: 1, minor: 3 }], "linux.devices[0].path: is required"],
  [[L, "devices"], [{ path: "x", type: "p" }], 'linux.devices[0].path: must be an absolute path, is "x"'],
  [[L, "devices"], [{ path: "/x", type: "z" }], 'linux.devices[0].type: must be one of c, b, u, p, is "z"'],
  [[L, "devices"], [{ path: "/x", type: "c", minor: 1 }], "linux.devices[0].major: is required"],
  [[L, "devices"], [{ path: "/x", type: "b", major: 1 }], "linux.devices[0].minor: is required"],
  [
    [L, "devices"],
    [{ path: "/x", type: "c", major: -1, minor: 1 }],
    "linux.devices[0].major: must be from 0 to 4095, is -1",
  ],
  [
    [L, "devices"],
    [{ path: "/x", type: "p", fileMode: -1 }],
    "linux.devices[0].fileMode: must be from 0 to 4294967295, is -1",
  ],
  [
    [L, "devices"],
    [{ path: "/x", type: "p", uid: "0" }],
    'linux.devices[0].uid: must be a whole number, is "0"',
  ],
  [
    [L, "devices"],
    [
      { path: "/x", type: "p" },
      { path: "/x", type: "p" },
    ],
    'linux.devices[1].path: occurs twice: "/x"',
  ],
  [[L, "netDevices"], [], "linux.netDevices: must be an object, is an array"],
  [[L, "netDevices"], { eth0: "x" }, 'linux.netDevices.eth0: must be an object, is "x"'],
  [
    [L, "netDevices"],
    { abcdefghijklmnop: {} },
    'linux.netDevices.abcdefghijklmnop: must be an interface name of 1 to 15 bytes, is "abcdefghijklmnop"',
  ],
  [
    [L, "netDevices"],
    { "a/b": {} },
    'linux.netDevices["a/b"]: must be an interface name of 1 to 15 bytes, is "a/b"',
  ],
  [
    [L, "netDevices"],
    { eth0: { name: ".." } },
    'linux.netDevices.eth0.name: must be an interface name of 1 to 15 bytes, is ".."',
  ],
  [
    [L, "netDevices"],
    { eth0: { name: "eth1" }, eth1: {} },
    'linux.netDevices.eth1.name: must not occur twice: "eth1"',
  ],
  [[L], { ...userNs({}), netDevices: { eth0: {} } }, "linux.netDevices: needs a network namespace"],
  [[L, "cgroupsPath"], "/a\n", "linux.cgroupsPath: must not contain a NUL byte or a line break"],
  [[L, "cgroupsPath"], "/a/../b", 'linux.cgroupsPath: should not contain "..": "/a/../b"'],
  [[L, "sysctl"], { "net.core.somaxconn": 1 }, 'linux.sysctl["net.core.somaxconn"]: must be a string, is 1'],
  [
    [L, "sysctl"],
    { "kernel.hostname": "x" },
    'linux.sysctl["kernel.hostname"]: is not allowed as it conflicts with the OCI "hostname" field',
  ],
  [
    [L, "sysctl"],
    { "kernel.core_pattern": "x" },
    'linux.sysctl["kernel.core_pattern"]: is not in a separate kernel namespace',
  ],
  [
    [L, "sysctl"],
    { "vm.swappiness": "1" },
    'linux.sysctl["vm.swappiness"]: is not in a separate kernel namespace',
  ],
  [
    [L, "sysctl"],
    { "net/../kernel/core_pattern": "x" },
    'linux.sysctl["net/../kernel/core_pattern"]: must be the name of a kernel parameter, is "net/../kernel/core_pattern"',
  ],
  [
    [L, "sysctl"],
    { "net.//.kernel.core_pattern": "x" },
    'linux.sysctl["net.//.kernel.core_pattern"]: must be the name of a kernel parameter, is "net.//.kernel.core_pattern"',
  ],
  [
    [L],
    { namespaces: [{ type: "uts" }], sysctl: { "net.ipv4.ip_forward": "1" } },
    'linux.sysctl["net.ipv4.ip_forward"]: needs a network namespace',
  ],
  [
    [L],
    { namespaces: [{ type: "uts" }], sysctl: { "kernel.shmmax": "1" } },
    'linux.sysctl["kernel.shmmax"]: needs an ipc namespace',
  ],
  [
    [L],
    { namespaces: [{ type: "uts" }], sysctl: { "fs.mqueue.msg_max": "1" } },
    'linux.sysctl["fs.mqueue.msg_max"]: needs an ipc namespace',
  ],
  [
    [L, "rootfsPropagation"],
    "both",
    'linux.rootfsPropagation: must be one of shared, slave, private, unbindable, rshared, rslave, rprivate, runbindable, is "both"',
  ],
  [[L, "maskedPaths", 0], "proc", 'linux.maskedPaths[0]: must be an absolute path, is "proc"'],
  [[L, "readonlyPaths", 0], 1, "linux.readonlyPaths[0]: must be a string, is 1"],
  [[L, "mountLabel"], 1, "linux.mountLabel: must be a string, is 1"],
  [[L, "intelRdt"], { closID: "../x" }, 'linux.intelRdt.closID: must be a directory name, is "../x"'],
  [[L, "intelRdt"], { closID: ".." }, 'linux.intelRdt.closID: must be a directory name, is ".."'],
  [[L, "intelRdt"], { schemata: ["a\nb"] }, "linux.intelRdt.schemata[0]: must be a single line"],
  [[L, "intelRdt"], { memBwSchema: "a\nb" }, "linux.intelRdt.memBwSchema: must be a single line"],
  [[L, "intelRdt"], { enableMonitoring: 1 }, "linux.intelRdt.enableMonitoring: must be true or false, is 1"],
  [[L, "memoryPolicy"], {}, "linux.memoryPolicy.mode: is required"],
  [
    [L, "memoryPolicy"],
    { mode: "MPOL_BIND" },
    "linux.memoryPolicy.nodes: must name at least one node with MPOL_BIND",
  ],
  [
    [L, "memoryPolicy"],
    { mode: "MPOL_LOCAL", nodes: "0" },
    "linux.memoryPolicy.nodes: must be empty with MPOL_LOCAL",
  ],
  [
    [L, "memoryPolicy"],
    { mode: "MPOL_BIND", nodes: "x" },
    'linux.memoryPolicy.nodes: must be a list such as 0-3,7, is "x"',
  ],
  [
    [L, "memoryPolicy"],
    { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"] },
    "linux.memoryPolicy.flags: must not have both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES",
  ],
  [
    [L, "memoryPolicy"],
    { mode: "MPOL_DEFAULT", flags: ["MPOL_F_STATIC_NODES"] },
    "linux.memoryPolicy.flags: must be empty with MPOL_DEFAULT",
  ],
  [[L, "personality"], {}, "linux.personality.domain: is required"],
  [
    [L, "personality"],
    { domain: "BSD" },
    'linux.personality.domain: must be one of LINUX, LINUX32, is "BSD"',
  ],
  [
    [L, "personality"],
    { domain: "LINUX", flags: ["X"] },
    "linux.personality.flags: are ignored: no flag is defined",
  ],
  [[L, "timeOffsets"], { monotonic: { secs: 1 } }, "linux.timeOffsets: needs a new time namespace"],
  [
    [L],
    { namespaces: [{ type: "time", path: "/x" }, { type: "uts" }], timeOffsets: { boottime: {} } },
    "linux.timeOffsets: needs a new time namespace",
  ],
  [
    [L],
    { namespaces: [{ type: "time" }, { type: "uts" }], timeOffsets: { realtime: {} } },
    'linux.timeOffsets.realtime: must be a clock: one of monotonic, boottime, is "realtime"',
  ],
  [
    [L],
    { namespaces: [{ type: "time" }, { type: "uts" }], timeOffsets: { boottime: { nanosecs: 1e9 } } },
    "linux.timeOffsets.boottime.nanosecs: must be from 0 to 999999999, is 1000000000",
  ],
  [R, "x", 'linux.resources: must be an object, is "x"'],
  [[...R, "devices", 0, "allow"], undefined, "linux.resources.devices[0].allow: is required"],
  [[...R, "devices", 0, "type"], "u", 'linux.resources.devices[0].type: must be one of a, c, b, is "u"'],
  [
    [...R, "devices", 0, "access"],
    "rx",
    'linux.resources.devices[0].access: must be made of the letters r, w and m, is "rx"',
  ],
  [
    [...R, "devices", 0, "access"],
    "rr",
    'linux.resources.devices[0].access: must be made of the letters r, w and m, is "rr"',
  ],
  [[...R, "devices", 0, "major"], -2, "linux.resources.devices[0].major: must be at least -1, is -2"],
  [[...R, "memory"], { limit: -2 }, "linux.resources.memory.limit: must be at least -1, is -2"],
  [[...R, "memory"], { limit: 1.5 }, "linux.resources.memory.limit: must be a whole number, is 1.5"],
  [
    [...R, "memory"],
    { limit: 10, swap: 9 },
    "linux.resources.memory.swap: must not be below memory.limit 10, is 9",
  ],
  [[...R, "memory"], { swappiness: 101 }, "linux.resources.memory.swappiness: must be from 0 to 100, is 101"],
  [
    [...R, "memory"],
    { disableOOMKiller: 0 },
    "linux.resources.memory.disableOOMKiller: must be true or false, is 0",
  ],
  [[...R, "cpu"], { shares: -1 }, "linux.resources.cpu.shares: must be at least 0, is -1"],
  [[...R, "cpu"], { quota: "5" }, 'linux.resources.cpu.quota: must be a whole number, is "5"'],
  [[...R, "cpu"], { cpus: "0;1" }, 'linux.resources.cpu.cpus: must be a list such as 0-3,7, is "0;1"'],
  [[...R, "cpu"], { mems: "-" }, 'linux.resources.cpu.mems: must be a list such as 0-3,7, is "-"'],
  [[...R, "cpu"], { idle: 2 }, "linux.resources.cpu.idle: must be from 0 to 1, is 2"],
  [[...R, "pids"], { limit: "1" }, 'linux.resources.pids.limit: must be a whole number, is "1"'],
  [[...R, "blockIO"], { weight: 9 }, "linux.resources.blockIO.weight: must be from 10 to 1000, is 9"],
  [[...R, "blockIO"], { weight: 1001 }, "linux.resources.blockIO.weight: must be from 0 to 1000, is 1001"],
  [
    [...R, "blockIO"],
    { weightDevice: [{ major: 8, minor: 0 }] },
    "linux.resources.blockIO.weightDevice[0]: must have weight, leafWeight or both",
  ],
  [
    [...R, "blockIO"],
    { weightDevice: [{ minor: 0, weight: 10 }] },
    "linux.resources.blockIO.weightDevice[0].major: is required",
  ],
  [
    [...R, "blockIO"],
    { throttleReadBpsDevice: [{ major: 8, minor: 0 }] },
    "linux.resources.blockIO.throttleReadBpsDevice[0].rate: is required",
  ],
  [
    [...R, "blockIO"],
    { throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: -1 }] },
    "linux.resources.blockIO.throttleWriteIOPSDevice[0].rate: must be from 0 to 2^64-1, is -1",
  ],
  [[...R, "hugepageLimits"], [{ limit: 1 }], "linux.resources.hugepageLimits[0].pageSize: is required"],
  [
    [...R, "hugepageLimits"],
    [{ pageSize: "2MiB", limit: 1 }],
    'linux.resources.hugepageLimits[0].pageSize: must be a page size such as 2MB, is "2MiB"',
  ],
  [[...R, "hugepageLimits"], [{ pageSize: "2MB" }], "linux.resources.hugepageLimits[0].limit: is required"],
  [
    [...R, "hugepageLimits"],
    [
      { pageSize: "2MB", limit: 1 },
      { pageSize: "2MB", limit: 1 },
    ],
    "linux.resources.hugepageLimits[1].pageSize: must not occur twice: 2MB",
  ],
  [
    [...R, "network"],
    { classID: -1 },
    "linux.resources.network.classID: must be from 0 to 4294967295, is -1",
  ],
  [
    [...R, "network"],
    { priorities: [{ priority: 1 }] },
    "linux.resources.network.priorities[0].name: is required",
  ],
  [
    [...R, "network"],
    { priorities: [{ name: "e" }] },
    "linux.resources.network.priorities[0].priority: is required",
  ],
  [[...R, "rdma"], { mlx5: {} }, "linux.resources.rdma.mlx5: must have hcaHandles, hcaObjects or both"],
  [
    [...R, "rdma"],
    { mlx5: { hcaHandles: -1 } },
    "linux.resources.rdma.mlx5.hcaHandles: must be from 0 to 4294967295, is -1",
  ],
  [[...R, "rdma"], { "a b": { hcaObjects: 1 } }, 'linux.resources.rdma["a b"]: must be the name of a device'],
  [
    [...R, "unified"],
    { "a/memory.max": "1" },
    'linux.resources.unified["a/memory.max"]: must be a file name (no slashes)',
  ],
  [
    [...R, "unified"],
    { memory: "1" },
    "linux.resources.unified.memory: must be in the form CONTROLLER.PARAMETER",
  ],
  [[...R, "unified"], { "memory.max": 1 }, 'linux.resources.unified["memory.max"]: must be a string, is 1'],
  [[L, "seccomp"], {}, "linux.seccomp.defaultAction: is required"],
  [
    [L, "seccomp"],
    { defaultAction: "SCMP_ACT_NOTIFY" },
    "linux.seccomp.defaultAction: cannot be SCMP_ACT_NOTIFY",
  ],
  [
    [L, "seccomp"],
    { defaultAction: "ALLOW" },
    'linux.seccomp.defaultAction: must be one of SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, SCMP_ACT_TRACE, SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, is "ALLOW"',
  ],
  ...(
    [
      [{ defaultErrnoRet: 4096 }, "defaultErrnoRet: must be from 0 to 4095, is 4096"],
      [
        { architectures: ["x86"] },
        'architectures[0]: must be the name of an architecture such as SCMP_ARCH_X86_64, is "x86"',
      ],
      [
        { flags: ["LOG"] },
        'flags[0]: must be one of SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, SECCOMP_FILTER_FLAG_TSYNC, is "LOG"',
      ],
      [{ listenerMetadata: "x" }, "listenerMetadata: must not be set if listenerPath is not set"],
      [{ syscalls: [{ action: "SCMP_ACT_ALLOW" }] }, "syscalls[0].names: must have at least one entry"],
      [
        { syscalls: [{ names: [], action: "SCMP_ACT_ALLOW" }] },
        "syscalls[0].names: must have at least one entry",
      ],
      [{ syscalls: [{ names: [""], action: "SCMP_ACT_ALLOW" }] }, "syscalls[0].names[0]: must not be empty"],
      [{ syscalls: [{ names: ["open"] }] }, "syscalls[0].action: is required"],
      [
        { syscalls: [{ names: ["open"], action: "SCMP_ACT_NOTIFY" }] },
        "syscalls[0].action: needs listenerPath if it is SCMP_ACT_NOTIFY",
      ],
      [
        { listenerPath: "/s", syscalls: [{ names: ["write"], action: "SCMP_ACT_NOTIFY" }] },
        "syscalls[0].action: cannot be SCMP_ACT_NOTIFY for write",
      ],
      [
        { syscalls: [{ names: ["a"], action: "SCMP_ACT_ERRNO", errnoRet: -1 }] },
        "syscalls[0].errnoRet: must be from 0 to 4095, is -1",
      ],
      ...(
        [
          [{ value: 0, op: "SCMP_CMP_EQ" }, "index: is required"],
          [{ index: 6, value: 0, op: "SCMP_CMP_EQ" }, "index: must be from 0 to 5, is 6"],
          [{ index: 0, op: "SCMP_CMP_EQ" }, "value: is required"],
          [{ index: 0, value: -1, op: "SCMP_CMP_EQ" }, "value: must be from 0 to 2^64-1, is -1"],
          [
            { index: 0, value: 0, valueTwo: "1", op: "SCMP_CMP_EQ" },
            'valueTwo: must be a whole number, is "1"',
          ],
          [{ index: 0, value: 0 }, "op: is required"],
          [
            { index: 0, value: 0, op: "==" },
            'op: must be one of SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ, is "=="',
          ],
        ] as [object, string][]
      ).map(([arg, found]): [object, string] => [
        { syscalls: [{ names: ["a"], action: "SCMP_ACT_ALLOW", args: [arg] }] },
        `syscalls[0].args[0].${found}`,
      ]),
    ] as [object, string][]
  ).map(([part, found]): [string[], unknown, string] => [
    [L, "seccomp"],
    { defaultAction: "SCMP_ACT_ERRNO", ...part },
    `linux.seccomp.${found}`,
  ]),
];

describe("validateSpec()", () => {
  test("accepts the example configs", () => {
    expect(validateSpec(defaultSpec())).toEqual([]);
    expect(validateSpec(defaultSpec({ rootless: { uid: 5, gid: 6 } }))).toEqual([]);
  });

  test("knows at least 150 ways to break a config", () => {
    expect(broken.length).toBeGreaterThanOrEqual(150);
  });

  test.each(broken)("finds %j = %j: %s", (path, value, found) => {
    const problems = validateSpec(withValue(path, value));
    expect(lines(problems)).toContain(found);
    for (const problem of problems) expect(problem.rule).toMatch(/^config(-linux)?\.md/);
  });

  test("finds several in one pass and ignores what it does not know", () => {
    const spec = { ociVersion: "1.3.0", process: { cwd: "x", args: ["a"], new: 1 }, root: {}, unknown: [] };
    expect(validateSpec(spec).map((p) => p.path)).toEqual(["root.path", "process.cwd"]);
  });

  test("takes null for absent, as Go does", () => {
    const spec = {
      ...defaultSpec(),
      hooks: null,
      annotations: null,
      linux: { ...defaultSpec().linux, sysctl: null },
    };
    expect(validateSpec(spec)).toEqual([]);
  });

  test("takes 64-bit numbers whole", () => {
    const text = JSON.stringify(defaultSpec()).replaceAll("1024", "18446744073709551615");
    expect(validateSpec(parseJson(text, "config.json"))).toEqual([]);
    expect(validateSpec(JSON.parse(text))).toEqual([]);
  });

  test("wants a process only where asked to", () => {
    const { process: _, ...rest } = defaultSpec();
    expect(validateSpec(rest, { requireProcess: false })).toEqual([]);
  });

  test("never throws and ends, whatever the input", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        for (const found of [validateSpec(value), validateProcess(value), validateResources(value)]) {
          for (const p of found) expect(p.message).not.toBe("");
        }
      }),
      { numRuns: 300 },
    );
  });

  test("never throws when any place of a good config is replaced", () => {
    const places: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (path.length > 0) places.push(path);
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) {
        const part = Array.isArray(value) ? Number(key) : key;
        walk((value as Record<string, unknown>)[key], [...path, part]);
      }
    };
    walk(defaultSpec(), []);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
        expect(Array.isArray(validateSpec(withValue(path, value)))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("assertSpec()", () => {
  test("throws INVALID_ARGUMENT that names the first problem and counts the rest", () => {
    expect(() => assertSpec({})).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: "cannot use config.json: ociVersion is required (and 2 more)",
      }),
    );
  });

  test("lets warnings pass", () => {
    expect(() => assertSpec(withValue(["mounts", 0, "destination"], "proc"))).not.toThrow();
  });
});
