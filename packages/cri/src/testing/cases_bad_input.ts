/**
 * Cases of the suite: bad input gets containerd's code and text, and changes nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CriRuntime } from "../api/cri.ts";
import { NamespaceMode } from "../api/types.ts";
import type { CriCase, CriUnderTest } from "./cri_suite.ts";
import { rejects, TestPod } from "./pod.ts";

const NOBODY = "0123456789abcdef".repeat(4);

/** Ids of everything that is there. */
async function inventory({ cri }: CriUnderTest): Promise<string[]> {
  const { items } = await cri.runtime.listPodSandbox({});
  const { containers } = await cri.runtime.listContainers({});
  return [...items, ...containers].map((found) => found.id).sort();
}

/**
 * Every call with an id that is not there. `peer`: the real containerd 1.6, which is asked only for what it has in
 * common with the newer one that we follow.
 */
export async function badInputOfIds(
  { runtime }: CriRuntime,
  id: string,
  options: { readonly peer?: boolean } = {},
): Promise<void> {
  const containerId = id;
  const podSandboxId = id;
  const find = /^an error occurred when try to find container ".*": not found$/;
  await rejects(runtime.containerStatus({ containerId }), "NOT_FOUND", find);
  await rejects(runtime.startContainer({ containerId }), "NOT_FOUND", find);
  await rejects(runtime.reopenContainerLog({ containerId }), "NOT_FOUND", find);
  await rejects(
    runtime.containerStats({ containerId }),
    "NOT_FOUND",
    /^failed to find container: not found$/,
  );
  const exec = /^failed to exec in container: failed to find container ".*" in store: not found$/;
  await rejects(runtime.execSync({ containerId, cmd: ["true"] }), "NOT_FOUND", exec);
  const sandbox = /^an error occurred when try to find sandbox: not found$/;
  await rejects(runtime.podSandboxStatus({ podSandboxId }), "NOT_FOUND", sandbox);
  const create = runtime.createContainer({ podSandboxId, config: {}, sandboxConfig: {} });
  await rejects(create, "NOT_FOUND", /^failed to find sandbox id ".*": not found$/);
  await runtime.removeContainer({ containerId });
  await runtime.removePodSandbox({ podSandboxId });
  if (options.peer) return;
  await rejects(runtime.updateContainerResources({ containerId }), "NOT_FOUND", /: not found$/);
  await runtime.stopContainer({ containerId });
  await runtime.stopPodSandbox({ podSandboxId });
}

/** The cases. */
export const badInputCases: readonly CriCase[] = [
  {
    name: "ids that are not there: NOT_FOUND with containerd's texts, or nothing to do",
    async run({ cri }) {
      for (const id of [NOBODY, "", "no such id", "../etc", "%2e%2e"]) await badInputOfIds(cri, id);
    },
  },
  {
    name: "a container is no pod, a pod no container",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      const id = await pod.start("main", "sleep 100");
      await runtime.removeContainer({ containerId: pod.id });
      await runtime.removePodSandbox({ podSandboxId: id });
      await rejects(runtime.containerStatus({ containerId: pod.id }), "NOT_FOUND", /not found$/);
      await rejects(runtime.podSandboxStatus({ podSandboxId: id }), "NOT_FOUND", /not found$/);
      assert.equal((await pod.exec(id, "exit 2")).code, 2);
    },
  },
  {
    name: "pods that cannot be run leave nothing behind",
    async run(subject) {
      const { runtime } = subject.cri;
      const before = await inventory(subject);
      const metadata = { name: "bad", namespace: "rt", uid: "bad" };
      await rejects(runtime.runPodSandbox({}), "INVALID_ARGUMENT", /^sandbox config must include metadata$/);
      await rejects(runtime.runPodSandbox({ config: {} }), "INVALID_ARGUMENT", /must include metadata$/);
      await rejects(
        runtime.runPodSandbox({ config: { metadata }, runtimeHandler: "nobody" }),
        "INVALID_ARGUMENT",
        /no runtime for "nobody" is configured$/,
      );
      const userns = {
        usernsOptions: { mode: NamespaceMode.POD, uids: [{ hostId: 1, containerId: 0, length: 1 }] },
      };
      await rejects(
        runtime.runPodSandbox({
          config: { metadata, linux: { securityContext: { namespaceOptions: userns } } },
        }),
        "INVALID_ARGUMENT",
        /user namespaces of pods are not supported/,
      );
      assert.deepEqual(await inventory(subject), before);
    },
  },
  {
    name: "a second pod of the same attempt is refused",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const before = await inventory(subject);
      const again = subject.cri.runtime.runPodSandbox({ config: pod.config });
      await rejects(again, "ALREADY_EXISTS", /is already in use by container/);
      assert.deepEqual(await inventory(subject), before);
    },
  },
  {
    name: "containers that cannot be created leave nothing behind",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const before = await inventory(subject);
      const refused = (
        config: object,
        text: RegExp,
        code: "INVALID_ARGUMENT" | "NOT_FOUND" = "INVALID_ARGUMENT",
      ) => rejects(pod.create("bad", "true", config), code, text);
      await refused({ metadata: undefined }, /^container config must include metadata$/);
      await refused(
        { image: { image: "rt-nobody/has-this:1" } },
        /^failed to resolve image "rt-nobody/,
        "NOT_FOUND",
      );
      await refused({ image: undefined }, /must include an image/);
      await refused({ logPath: "../../escape.log" }, /^log path "\.\.\/\.\.\/escape\.log" is not below/);
      await refused({ mounts: [{ hostPath: "relative", containerPath: "/x" }] }, /paths must be absolute$/);
      await refused({ CDIDevices: [{ name: "vendor.com/gpu=0" }] }, /CDI devices are not supported/);
      const security = (context: object): object => ({ linux: { securityContext: context } });
      await refused(security({ runAsGroup: { value: 1n } }), /^runAsGroup is specified without a runAsUser$/);
      const seccomp = { profileType: 2, localhostRef: "/nonexistent/profile.json" };
      await refused(security({ seccomp }), /^cannot load seccomp profile "\/nonexistent/);
      const ambient = { addAmbientCapabilities: ["CHOWN"] };
      await refused(security({ capabilities: ambient }), /ambient capabilities are not supported/);
      assert.deepEqual(await inventory(subject), before);
    },
  },
  {
    name: "calls that a container is not in the state for: FAILED_PRECONDITION",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      const id = await pod.create("main", "sleep 100");
      const exec = runtime.execSync({ containerId: id, cmd: ["true"] });
      await rejects(exec, "FAILED_PRECONDITION", /container is in CONTAINER_CREATED state$/);
      await runtime.startContainer({ containerId: id });
      await rejects(
        runtime.startContainer({ containerId: id }),
        "FAILED_PRECONDITION",
        /in CONTAINER_RUNNING state/,
      );
      const empty = runtime.execSync({ containerId: id, cmd: [] });
      await rejects(empty, "INVALID_ARGUMENT", /^failed to exec in container: no command$/);
      await runtime.stopPodSandbox({ podSandboxId: pod.id });
      await rejects(
        pod.create("late", "true"),
        "FAILED_PRECONDITION",
        /^sandbox container ".*" is not running$/,
      );
    },
  },
];
