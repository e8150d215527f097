import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OciRuntime } from "../../src/api/oci_runtime.ts";
import { RuncCli } from "../../src/client/runc_cli.ts";
import { compose } from "../../src/compose.ts";
import { spawnKernel } from "../../src/host/spawn_kernel.ts";
import type { Spec } from "../../src/oci.ts";
import { BUSYBOX, busyboxRootfs, testSpec, writeSpec } from "../../src/testing/bundle.ts";

const RUNC = "/usr/sbin/runc";
const missing = [RUNC, BUSYBOX].filter((path) => !existsSync(path));
const reason =
  process.getuid?.() !== 0 ? "needs root" : missing.length > 0 ? `${missing} missing` : undefined;

/** What one and the same bundle shows inside a container, on our runtime and on the peer. */
const PROBES: Readonly<Record<string, string>> = {
  identity: "id; umask; pwd; hostname; cat /proc/self/cmdline; echo; cat /proc/1/oom_score_adj",
  status: "grep -E '^(Cap|NoNewPrivs|Seccomp|Groups|Uid|Gid|Umask|NSpid)' /proc/1/status",
  limits: "cat /proc/1/limits",
  environment: "cat /proc/1/environ | tr '\\0' '\\n'",
  devices: "cd /dev && stat -c '%n %F %a %u:%g %t:%T %N' * | grep -v '^console'",
  descriptors: "ls /proc/1/fd",
  network: "ip -o link; cat /proc/net/dev | wc -l",
  masked:
    "wc -c < /proc/kcore; wc -c < /proc/keys; ls /proc/acpi /sys/firmware; ls -ld /proc/acpi | cut -c1-10",
  readonly: "touch /sys/x; touch /proc/sys/x; echo 1 > /proc/sysrq-trigger; mkdir /sys/fs/cgroup/memory/x",
  sysctl: "cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_unprivileged_port_start",
  cgroups:
    "cat /proc/self/cgroup | cut -d: -f2 | sort; ls /sys/fs/cgroup; ls /sys/fs/cgroup/memory | grep -c . ",
  mounts: "cut -d' ' -f5- /proc/self/mountinfo",
};

/** What is allowed to differ, taken away. */
function normalise(name: string, text: string, id: string): string {
  const plain = text.replaceAll(id, "ID");
  if (name !== "mounts") return plain;
  const lines = plain
    .trim()
    .split("\n")
    // Ours differ on purpose: masked directories are covered by a tmpfs that is limited, masked files by the host's null
    // device instead of the container's, and the directory of the cgroup mounts is read-only if it is asked to be.
    .map((line) =>
      line
        .replace(/ro,size=4k,nr_inodes=1(,inode64)?$/, "ro")
        .replace(/^(\/proc\/(?:keys|timer_list|kcore|sched_debug)) .*$/, "$1 null")
        .replace(/^\/sys\/fs\/cgroup r[ow],/, "/sys/fs/cgroup r?,")
        .replace(/ master:\d+| shared:\d+/g, ""),
    )
    .sort();
  return lines.join("\n");
}

describe.skipIf(reason !== undefined)(
  `rt-runc beside runc${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), "rt-beside-"));
    const kernel = spawnKernel();
    const ours = compose({ root: join(directory, "ours"), kernel });
    const theirs = new RuncCli({ kernel, binary: RUNC, root: join(directory, "theirs") });
    let count = 0;

    beforeAll(() => {
      mkdirSync(join(directory, "rootfs"));
      busyboxRootfs(join(directory, "rootfs"));
    });
    afterAll(async () => {
      await kernel[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    });

    async function show(
      runtime: OciRuntime,
      script: string,
      configure: (spec: Spec) => void,
    ): Promise<[string, string]> {
      const id = `rt-beside-${process.pid}-${++count}`;
      const bundle = join(directory, id);
      writeSpec(
        bundle,
        testSpec(["sh", "-c", script], (spec) => {
          spec.root = { path: join(directory, "rootfs"), readonly: true };
          configure(spec);
        }),
      );
      const out = join(bundle, "out");
      writeFileSync(out, "");
      const file = { kind: "file", path: out, append: true } as const;
      await runtime.create({ id, bundle, io: { stdout: file, stderr: file } });
      try {
        await runtime.start({ id });
        while ((await runtime.state({ id })).status !== "stopped") await sleep(10);
        return [id, readFileSync(out, "utf8")];
      } finally {
        await runtime.delete({ id, force: true });
      }
    }

    async function compare(name: string, configure: (spec: Spec) => void): Promise<void> {
      const script = PROBES[name]!;
      const [ourId, our] = await show(ours, script, configure);
      const [theirId, their] = await show(theirs, script, configure);
      expect(our.length).toBeGreaterThan(0);
      expect(normalise(name, our, ourId)).toBe(normalise(name, their, theirId));
    }

    const rich = (spec: Spec): void => {
      spec.process!.user = { uid: 1000, gid: 1000, additionalGids: [5, 7], umask: 0o27 };
      spec.process!.env = ["A=1", "PATH=/bin", "A=2"];
      spec.process!.cwd = "/tmp";
      spec.process!.oomScoreAdj = 123;
      spec.process!.rlimits = [
        { type: "RLIMIT_NOFILE", hard: 512, soft: 256 },
        { type: "RLIMIT_CORE", hard: 0, soft: 0 },
      ];
      spec.linux!.sysctl = { "net.ipv4.ip_unprivileged_port_start": "80", "kernel.shm_rmid_forced": "1" };
      spec.linux!.namespaces!.push({ type: "cgroup" });
      spec.linux!.devices = [
        { path: "/dev/rtnull", type: "c", major: 1, minor: 3, fileMode: 0o600, uid: 1, gid: 2 },
      ];
      spec.mounts!.push(
        { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=1777", "noatime"] },
        {
          destination: "/root",
          type: "bind",
          source: "/usr/share",
          options: ["rbind", "ro", "nosuid", "nodev"],
        },
        { destination: "/etc/group", type: "bind", source: "/etc/hostname", options: ["bind", "rprivate"] },
      );
      spec.linux!.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86_64"],
        syscalls: [{ names: ["mkdirat"], action: "SCMP_ACT_ERRNO" }],
      };
    };

    /** Without no_new_privs, where the filter takes a capability to load. */
    const filtered = (spec: Spec): void => {
      rich(spec);
      spec.process!.noNewPrivileges = false;
      spec.process!.capabilities!.inheritable = ["CAP_KILL"];
    };

    for (const name of Object.keys(PROBES)) {
      it(`the default config shows the same ${name}`, () => compare(name, () => {}));
      it(`a rich config shows the same ${name}`, () => compare(name, rich));
      it(`a filter without no_new_privs shows the same ${name}`, () => compare(name, filtered));
    }
  },
);
