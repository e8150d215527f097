/**
 * Cases of the suite: containers, their states, what they share and what they may do.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Container,
  ContainerState,
  MountPropagation,
  NamespaceMode,
  SecurityProfile_ProfileType as Profile,
  Signal,
} from "../api/types.ts";
import type { CriCase } from "./cri_suite.ts";
import { rejects, TestPod } from "./pod.ts";

const ns = (names: string): string => `for n in ${names}; do readlink /proc/self/ns/$n; done`;

/** The cases. */
export const containerCases: readonly CriCase[] = [
  {
    name: "two containers of a pod share network, IPC and, if asked, processes; not files",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const a = await pod.start("a", "sleep 100");
      const b = await pod.start("b", "sleep 100");
      const inA = await pod.exec(a, ns("net ipc pid"));
      assert.match(inA.stdout, /^net:\[\d+\]\nipc:\[\d+\]\npid:\[\d+\]\n$/);
      assert.equal((await pod.exec(b, ns("net ipc pid"))).stdout, inA.stdout);
      assert.notEqual((await pod.exec(b, ns("mnt"))).stdout, (await pod.exec(a, ns("mnt"))).stdout);
      const own = { securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } } };
      const c = await pod.start("c", "sleep 100", { linux: own });
      assert.equal((await pod.exec(c, ns("net ipc"))).stdout, (await pod.exec(a, ns("net ipc"))).stdout);
      assert.notEqual((await pod.exec(c, ns("pid"))).stdout, (await pod.exec(a, ns("pid"))).stdout);
    },
  },
  {
    name: "states and times of a container from creation to end",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      const id = await pod.create("main", "exit 7", { labels: { tier: "x" }, annotations: { k: "v" } });
      const created = await pod.status(id);
      assert.equal(created.state, ContainerState.CONTAINER_CREATED);
      assert.deepEqual([created.startedAt, created.finishedAt], [0n, 0n]);
      await runtime.startContainer({ containerId: id });
      const ended = await pod.ended(id);
      assert.deepEqual([ended.exitCode, ended.reason], [7, "Error"]);
      assert.ok(ended.startedAt >= ended.createdAt && ended.finishedAt >= ended.startedAt);
      assert.deepEqual([ended.labels, ended.annotations], [{ tier: "x" }, { k: "v" }]);
      assert.equal(ended.logPath, join(pod.logDirectory, "main.log"));
      assert.equal(ended.metadata?.name, "main");
      await rejects(
        runtime.startContainer({ containerId: id }),
        "FAILED_PRECONDITION",
        /in CONTAINER_EXITED state/,
      );
      const fine = await pod.start("fine", "exit 0");
      assert.equal((await pod.ended(fine)).reason, "Completed");
    },
  },
  {
    name: "containers are listed by id, state, pod and label",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      await using other = await TestPod.run(subject);
      const a = await pod.start("a", "sleep 100", { labels: { role: "a" } });
      const b = await pod.create("b", "sleep 100", { labels: { role: "b" } });
      const c = await other.start("c", "sleep 100");
      const ids = async (filter: object): Promise<string[]> => {
        const { containers } = await runtime.listContainers({ filter });
        return containers.map((found: Container) => found.id).filter((id) => [a, b, c].includes(id));
      };
      assert.deepEqual((await ids({})).sort(), [a, b, c].sort());
      assert.deepEqual(await ids({ id: a.slice(0, 12) }), [a]);
      assert.deepEqual((await ids({ podSandboxId: pod.id })).sort(), [a, b].sort());
      assert.deepEqual(await ids({ labelSelector: { role: "b" } }), [b]);
      const state = { state: ContainerState.CONTAINER_CREATED };
      assert.deepEqual(await ids({ state, podSandboxId: pod.id }), [b]);
    },
  },
  {
    name: "stop waits for the time it is given, then kills; a second stop and remove are as good",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      const own = { securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } } };
      const linux = own;
      const graceful = await pod.start("graceful", "trap 'exit 3' TERM; while :; do sleep 0.1; done", {
        linux,
      });
      await subject.cri.runtime.stopContainer({ containerId: graceful, timeout: 20n });
      assert.equal((await pod.ended(graceful)).exitCode, 3);
      const deaf = await pod.start("deaf", "trap '' TERM; while :; do sleep 0.1; done", { linux });
      const began = Date.now();
      await runtime.stopContainer({ containerId: deaf, timeout: 1n });
      assert.ok(Date.now() - began >= 900, "killed before its time");
      assert.equal((await pod.ended(deaf)).exitCode, 137);
      await runtime.stopContainer({ containerId: deaf, timeout: 1n });
      await runtime.removeContainer({ containerId: deaf });
      await runtime.removeContainer({ containerId: deaf });
      await runtime.stopContainer({ containerId: deaf, timeout: 0n });
      await runtime.removeContainer({ containerId: graceful });
    },
  },
  {
    name: "command, environment, working directory, stop signal, mounts and devices",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const directory = pod.hostDirectory("mounted");
      writeFileSync(join(directory, "in"), "from the host");
      const id = await pod.start("main", "trap 'exit 9' USR1; while :; do sleep 0.1; done", {
        envs: [{ key: "GREETING", value: new TextEncoder().encode("hé = llo") }],
        workingDir: "/tmp",
        stopSignal: Signal.SIGUSR1,
        mounts: [
          { hostPath: directory, containerPath: "/rw" },
          { hostPath: directory, containerPath: "/ro", readonly: true },
        ],
        devices: [{ hostPath: "/dev/null", containerPath: "/dev/rt-null", permissions: "rwm" }],
        linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } } },
      });
      const { stdout } = await pod.exec(id, 'echo "$GREETING"; cat /rw/in; echo; readlink /proc/1/cwd');
      assert.equal(stdout, "hé = llo\nfrom the host\n/tmp\n");
      assert.equal((await pod.exec(id, "echo back > /rw/out")).code, 0);
      assert.equal(readFileSync(join(directory, "out"), "utf8"), "back\n");
      assert.notEqual((await pod.exec(id, "echo no > /ro/out")).code, 0);
      assert.equal((await pod.exec(id, "echo x > /dev/rt-null && test -c /dev/rt-null")).code, 0);
      const { mounts, stopSignal } = await pod.status(id);
      assert.deepEqual(mounts.map((m) => [m.containerPath, m.readonly, m.propagation]).sort(), [
        ["/ro", true, MountPropagation.PROPAGATION_PRIVATE],
        ["/rw", false, MountPropagation.PROPAGATION_PRIVATE],
      ]);
      assert.equal(stopSignal, Signal.SIGUSR1);
      await subject.cri.runtime.stopContainer({ containerId: id, timeout: 20n });
      assert.equal((await pod.ended(id)).exitCode, 9);
    },
  },
  {
    name: "security context: user, groups, capabilities, read-only root, no new privileges, seccomp",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const show = "id -u; id -g; id -G; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status";
      const id = await pod.start("strict", "sleep 100", {
        linux: {
          securityContext: {
            runAsUser: { value: 1234n },
            runAsGroup: { value: 2345n },
            supplementalGroups: [3456n],
            capabilities: { dropCapabilities: ["ALL"] },
            readonlyRootfs: true,
            noNewPrivs: true,
            seccomp: { profileType: Profile.RuntimeDefault },
          },
        },
      });
      const strict = (await pod.exec(id, show)).stdout;
      assert.match(strict, /^1234\n2345\n2345 3456\n/);
      assert.match(strict, /CapEff:\s0+\n/);
      assert.match(strict, /NoNewPrivs:\s1\n/);
      assert.match(strict, /Seccomp:\s2\n/);
      assert.notEqual((await pod.exec(id, "echo x > /file")).code, 0);
      const unconfined = { securityContext: { seccomp: { profileType: Profile.Unconfined } } };
      const open = await pod.start("open", "sleep 100", { linux: unconfined });
      assert.match((await pod.exec(open, show)).stdout, /Seccomp:\s0\n/);
      const plain = await pod.start("plain", "sleep 100");
      assert.match(
        (await pod.exec(plain, show)).stdout,
        /CapEff:\s00000000a[0-9a-f]{7}\n[\s\S]*Seccomp:\s2\n/,
      );
    },
  },
  {
    name: "resources are set, shown and changed",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const resources = {
        memoryLimitInBytes: 64n << 20n,
        cpuQuota: 50_000n,
        cpuPeriod: 100_000n,
        cpuShares: 512n,
      };
      const id = await pod.start("main", "sleep 100", { linux: { resources } });
      const shown = (await pod.status(id)).resources?.linux;
      assert.deepEqual(
        [shown?.memoryLimitInBytes, shown?.cpuQuota, shown?.cpuPeriod, shown?.cpuShares],
        [64n << 20n, 50_000n, 100_000n, 512n],
      );
      await subject.cri.runtime.updateContainerResources({
        containerId: id,
        linux: { memoryLimitInBytes: 96n << 20n },
      });
      assert.equal((await pod.status(id)).resources?.linux?.memoryLimitInBytes, 96n << 20n);
    },
  },
  {
    name: "statistics of a running container",
    needs: "stats",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      const id = await pod.start("main", "sleep 100");
      const { stats } = await runtime.containerStats({ containerId: id });
      assert.equal(stats?.attributes?.id, id);
      assert.ok((stats?.cpu?.usageCoreNanoSeconds?.value ?? 0n) > 0n);
      assert.ok((stats?.memory?.usageBytes?.value ?? 0n) > 0n);
      const listed = await runtime.listContainerStats({ filter: { podSandboxId: pod.id } });
      assert.deepEqual(
        listed.stats.map((s) => s.attributes?.id),
        [id],
      );
    },
  },
];
