import { expect, test } from "vitest";
import type { HostConfig } from "../api/types/index.ts";
import type { Sandbox } from "../network/network.ts";
import { DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { ociSpec, type SpecInput } from "./oci_spec.ts";
import { type ContainerRecord, containerOf, freshState, type MountRecord } from "./record.ts";
import { defaultSeccomp } from "./seccomp_profile.ts";
import { pathsOf } from "./view.ts";

const ID = "ab".repeat(32);

const sandbox: Sandbox = {
  namespace: { kind: "path", path: "/run/netns/x" },
  id: "s",
  key: "/run/netns/x",
  endpoints: {},
  ports: {},
  hostsLines: [],
  resolvConf: "",
};

function spec(host: HostConfig = {}, more: Partial<SpecInput> = {}, config: ContainerRecord["Config"] = {}) {
  const record = {
    ID,
    Path: "sh",
    Args: ["-c", "x"],
    Config: { Hostname: "h", ...config },
    State: freshState(),
  } as unknown as ContainerRecord;
  return ociSpec({
    container: containerOf(record, host),
    user: { uid: 0, gid: 0 },
    sandbox,
    paths: pathsOf("/d", ID),
    mounts: [],
    joined: {},
    cgroupParent: "/docker",
    cgroupVersion: "1",
    availableCapabilities: [...DEFAULT_CAPABILITIES, "CAP_SYS_ADMIN"],
    dataRoot: "/var/lib/rt/docker",
    cpus: 2,
    ...more,
  });
}

test("the default container has Docker's sandbox", () => {
  const { process, linux, mounts, root } = spec();
  expect(process?.args).toEqual(["sh", "-c", "x"]);
  expect(process?.capabilities?.bounding).toEqual(DEFAULT_CAPABILITIES);
  expect(process?.capabilities?.effective).toEqual(DEFAULT_CAPABILITIES);
  expect(process?.capabilities?.inheritable).toBeUndefined();
  expect(linux?.cgroupsPath).toBe(`/docker/${ID}`);
  expect(linux?.namespaces?.map((n) => n.type)).toEqual(["mount", "network", "uts", "pid", "ipc"]);
  expect(linux?.namespaces?.[1]?.path).toBe("/run/netns/x");
  expect(linux?.maskedPaths).toEqual(expect.arrayContaining(["/proc/kcore", "/proc/keys", "/sys/firmware"]));
  expect(linux?.readonlyPaths).toEqual(expect.arrayContaining(["/proc/sys", "/proc/sysrq-trigger"]));
  expect(linux?.seccomp?.defaultAction).toBe("SCMP_ACT_ERRNO");
  expect(linux?.resources?.devices?.[0]).toEqual({ allow: false, access: "rwm" });
  expect(root?.readonly).toBe(false);
  const options = Object.fromEntries((mounts ?? []).map((m) => [m.destination, m.options]));
  expect(options["/sys"]).toContain("ro");
  expect(options["/sys/fs/cgroup"]).toContain("ro");
  expect(options["/dev/shm"]).toContain("size=67108864");
  expect(mounts?.slice(-3).map((m) => m.destination)).toEqual([
    "/etc/resolv.conf",
    "/etc/hostname",
    "/etc/hosts",
  ]);
});

test("a user that is not root has no effective capabilities", () => {
  const { process } = spec({}, { user: { uid: 7, gid: 7 } });
  expect(process?.capabilities).toEqual({ bounding: DEFAULT_CAPABILITIES });
});

test("privileged takes filter, masks and device rules away, and no more", () => {
  const { process, linux, mounts } = spec({ Privileged: true, Devices: [] });
  expect(process?.capabilities?.bounding).toContain("CAP_SYS_ADMIN");
  expect(linux?.seccomp).toBeUndefined();
  expect(linux?.maskedPaths).toEqual([]);
  expect(linux?.resources?.devices).toEqual([{ allow: true, access: "rwm" }]);
  expect(mounts?.find((m) => m.destination === "/sys")?.options).toContain("rw");
});

test("limits, modes and options arrive", () => {
  const { process, linux, mounts, root } = spec(
    {
      Memory: 1 << 26,
      MemorySwap: 1 << 27,
      NanoCpus: 5e8,
      PidsLimit: 9,
      CpusetCpus: "0",
      PidMode: "host",
      IpcMode: "host",
      UTSMode: "host",
      ReadonlyRootfs: true,
      Ulimits: [{ Name: "nofile", Soft: 10, Hard: -1 }],
      SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
      OomScoreAdj: 5,
    },
    { shmPath: "/dev/shm", initPath: "/init" },
    { Tty: true, WorkingDir: "/w" },
  );
  expect(linux?.resources).toMatchObject({
    memory: { limit: 1 << 26, swap: 1 << 27 },
    cpu: { quota: 50_000, period: 100_000, cpus: "0" },
    pids: { limit: 9 },
  });
  expect(linux?.namespaces?.map((n) => n.type)).toEqual(["mount", "network"]);
  expect(linux?.seccomp).toBeUndefined();
  expect(process).toMatchObject({ terminal: true, cwd: "/w", noNewPrivileges: true, oomScoreAdj: 5 });
  expect(process?.args?.slice(0, 2)).toEqual(["/sbin/docker-init", "--"]);
  expect(process?.rlimits).toEqual([{ type: "RLIMIT_NOFILE", soft: 10, hard: 0xffff_ffff_ffff_ffffn }]);
  expect(root?.readonly).toBe(true);
  expect(mounts?.find((m) => m.destination === "/dev/shm")?.type).toBe("bind");
});

test("network sysctls need a network of the container's own", () => {
  expect(spec().linux?.sysctl).toMatchObject({ "net.ipv4.ip_unprivileged_port_start": "0" });
  const host = { sandbox: { ...sandbox, namespace: { kind: "host" as const } } };
  expect(spec({}, host).linux?.sysctl).toEqual({});
  expect(spec({}, host).linux?.namespaces?.some((n) => n.type === "network")).toBe(false);
  expect(() => spec({ Sysctls: { "net.a": "1" } }, host)).toThrow(
    /not allowed because host network namespace is used/,
  );
});

test("mounts of the user replace those of the engine, parents come first", () => {
  const mount = (Type: MountRecord["Type"], Destination: string, RW = true): MountRecord => ({
    Type,
    Source: "/src",
    Destination,
    Mode: "",
    RW,
    Propagation: Type === "bind" ? "rprivate" : "",
  });
  const { mounts } = spec(
    {},
    {
      mounts: [
        mount("bind", "/a/b/c", false),
        mount("volume", "/a"),
        mount("bind", "/etc/hosts"),
        mount("tmpfs", "/dev/shm"),
      ],
    },
  );
  const at = (path: string): number => mounts!.findIndex((m) => m.destination === path);
  expect(at("/a")).toBeLessThan(at("/a/b/c"));
  expect(mounts![at("/a/b/c")]?.options).toEqual(["rbind", "ro", "rprivate"]);
  expect(mounts!.filter((m) => m.destination === "/etc/hosts")).toHaveLength(1);
  expect(mounts!.filter((m) => m.destination === "/dev/shm").map((m) => m.type)).toEqual(["tmpfs"]);
});

test("the seccomp profile opens with capabilities only", () => {
  const names = (caps: string[]): Set<string> =>
    new Set(
      defaultSeccomp(caps, "x64")
        .syscalls!.filter((r) => r.action === "SCMP_ACT_ALLOW" && r.args === undefined)
        .flatMap((r) => r.names),
    );
  const plain = names([...DEFAULT_CAPABILITIES]);
  for (const denied of [
    "mount",
    "unshare",
    "setns",
    "bpf",
    "init_module",
    "reboot",
    "kexec_load",
    "open_by_handle_at",
    "add_key",
    "keyctl",
    "userfaultfd",
    "io_uring_setup",
  ]) {
    expect(plain, denied).not.toContain(denied);
  }
  for (const allowed of ["read", "execve", "chroot", "openat2", "clock_gettime"])
    expect(plain, allowed).toContain(allowed);
  expect(names(["CAP_SYS_ADMIN"])).toContain("mount");
  expect(names(["CAP_SYS_TIME"])).toContain("clock_settime");
  const rules = defaultSeccomp([], "x64").syscalls!;
  expect(rules.find((r) => r.names.includes("clone3"))).toMatchObject({
    action: "SCMP_ACT_ERRNO",
    errnoRet: 38,
  });
  expect(rules.find((r) => r.names.includes("clone"))?.args?.[0]).toMatchObject({
    value: 0x7e020000,
    op: "SCMP_CMP_MASKED_EQ",
  });
});
