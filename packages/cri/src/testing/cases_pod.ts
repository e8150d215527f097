/**
 * Cases of the suite: the runtime and its pods.
 *
 * @module
 */
import assert from "node:assert/strict";
import { NamespaceMode, PodSandboxState } from "../api/types.ts";
import type { CriCase } from "./cri_suite.ts";
import { rejects, TestPod } from "./pod.ts";

/** The cases. */
export const podCases: readonly CriCase[] = [
  {
    name: "version and status tell a ready runtime",
    async run({ cri }) {
      const version = await cri.runtime.version({ version: "0.1.0" });
      assert.equal(version.runtimeApiVersion, "v1");
      assert.notEqual(version.runtimeVersion, "");
      const { status, info } = await cri.runtime.status({ verbose: true });
      assert.deepEqual(
        status?.conditions.map((c) => [c.type, c.status]),
        [
          ["RuntimeReady", true],
          ["NetworkReady", true],
        ],
      );
      assert.ok(JSON.parse(info.config ?? ""));
      const { linux } = await cri.runtime.runtimeConfig({});
      assert.ok(linux?.cgroupDriver === 0 || linux?.cgroupDriver === 1);
      await cri.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: "10.0.0.0/16" } } });
    },
  },
  {
    name: "a pod has an address, its labels and annotations, and is listed",
    async run(subject) {
      const { runtime } = subject.cri;
      const labels = { app: "web", "rt.test/case": "pod" };
      const annotations = { note: "a b=c" };
      await using pod = await TestPod.run(subject, { labels, annotations });
      const { status } = await runtime.podSandboxStatus({ podSandboxId: pod.id });
      assert.equal(status?.state, PodSandboxState.SANDBOX_READY);
      assert.match(status.network?.ip ?? "", /^\d+\.\d+\.\d+\.\d+$/);
      assert.deepEqual(status.labels, labels);
      assert.deepEqual(status.annotations, annotations);
      assert.equal(status.metadata?.name, pod.config.metadata?.name);
      assert.equal(status.metadata?.uid, pod.config.metadata?.uid);
      assert.ok(status.createdAt > 0n);
      const listed = async (filter: object): Promise<boolean> =>
        (await runtime.listPodSandbox({ filter })).items.some((p) => p.id === pod.id);
      assert.equal(await listed({}), true);
      assert.equal(await listed({ id: pod.id.slice(0, 13) }), true);
      assert.equal(await listed({ labelSelector: { app: "web" } }), true);
      assert.equal(await listed({ labelSelector: { app: "other" } }), false);
      assert.equal(await listed({ state: { state: PodSandboxState.SANDBOX_READY } }), true);
      assert.equal(await listed({ state: { state: PodSandboxState.SANDBOX_NOTREADY } }), false);
    },
  },
  {
    name: "stop and remove of a pod are idempotent and take its containers along",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      const request = { podSandboxId: pod.id };
      const id = await pod.start("main", "trap '' TERM; while :; do sleep 1; done");
      await runtime.stopPodSandbox(request);
      await runtime.stopPodSandbox(request);
      const { status } = await runtime.podSandboxStatus(request);
      assert.equal(status?.state, PodSandboxState.SANDBOX_NOTREADY);
      assert.equal((await pod.ended(id)).exitCode, 137);
      await runtime.removePodSandbox(request);
      await runtime.removePodSandbox(request);
      await runtime.stopPodSandbox(request);
      await rejects(runtime.podSandboxStatus(request), "NOT_FOUND", /try to find sandbox: not found$/);
      await rejects(runtime.containerStatus({ containerId: id }), "NOT_FOUND", /not found$/);
    },
  },
  {
    name: "a running pod is removed with its running containers",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      await pod.start("main", "sleep 100");
      await subject.cri.runtime.removePodSandbox({ podSandboxId: pod.id });
      const { items } = await subject.cri.runtime.listPodSandbox({ filter: { id: pod.id } });
      const { containers } = await subject.cri.runtime.listContainers({ filter: { podSandboxId: pod.id } });
      assert.deepEqual([items.length, containers.length], [0, 0]);
    },
  },
  {
    name: "a pod of the host's network has no address of its own",
    async run(subject) {
      const options = { network: NamespaceMode.NODE };
      const linux = { securityContext: { namespaceOptions: options } };
      await using pod = await TestPod.run(subject, { linux });
      const { status } = await subject.cri.runtime.podSandboxStatus({ podSandboxId: pod.id });
      assert.equal(status?.network?.ip, "");
      assert.equal(status?.linux?.namespaces?.options?.network, NamespaceMode.NODE);
      const network = async (of: TestPod, config: object): Promise<string> =>
        (await of.exec(await of.start("main", "sleep 100", config), "readlink /proc/self/ns/net")).stdout;
      await using second = await TestPod.run(subject, { linux });
      await using ordinary = await TestPod.run(subject);
      const host = await network(pod, { linux });
      assert.match(host, /^net:/);
      assert.equal(await network(second, { linux }), host);
      assert.notEqual(await network(ordinary, {}), host);
    },
  },
  {
    name: "DNS settings and hostname reach the containers",
    async run(subject) {
      await using pod = await TestPod.run(subject, {
        hostname: "rt-pod",
        dnsConfig: { servers: ["10.9.8.7"], searches: ["svc.test"], options: ["ndots:5"] },
      });
      const id = await pod.start("main", "sleep 100");
      const { stdout } = await pod.exec(id, "cat /etc/resolv.conf; hostname");
      assert.match(stdout, /nameserver 10\.9\.8\.7/);
      assert.match(stdout, /search svc\.test/);
      assert.match(stdout, /ndots:5/);
      assert.match(stdout, /^rt-pod$/m);
    },
  },
];
