/** Real peers: our client against containerd's CRI, crictl against ours. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCri, serveCri } from "@rt/cri";
import { createCriClient } from "@rt/cri/client";
import { badInputOfIds } from "@rt/cri/testing";
import { createEngineClient } from "@rt/dockerd/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answers, end, IMAGE, realDockerd, whyNot } from "./engines.ts";

const noContainerd = whyNot("containerd", "runc");
describe.skipIf(noContainerd !== undefined)(
  `our client against the real containerd${skipped(noContainerd)}`,
  () => {
    let directory: string;
    let daemon: ChildProcess;

    beforeAll(async () => {
      directory = mkdtempSync("/tmp/rt-cri-peer-");
      const config = join(directory, "config.toml");
      const plugin = 'plugins."io.containerd.grpc.v1.cri"';
      const cni = `[${plugin}.cni]\nconf_dir = "${directory}"\nbin_dir = "${directory}"\n`;
      writeFileSync(config, `version = 2\n[${plugin}]\nstream_server_port = "0"\n${cni}`);
      const log = openSync(join(directory, "log"), "a");
      const socket = join(directory, "c.sock");
      const places = [
        "--root",
        join(directory, "root"),
        "--state",
        join(directory, "state"),
        "--address",
        socket,
      ];
      daemon = spawn("containerd", ["--config", config, ...places], { stdio: ["ignore", log, log] });
      await answers(daemon, socket);
    });
    afterAll(async () => {
      if (daemon !== undefined) await end(daemon);
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    });

    test("version, status, lists and images are decoded", async () => {
      await using cri = createCriClient({ address: join(directory, "c.sock") });
      await expect
        .poll(async () => (await cri.runtime.version({}).catch(() => undefined))?.runtimeName)
        .toBe("containerd");
      const { status } = await cri.runtime.status({ verbose: true });
      expect(status?.conditions.map((c) => [c.type, c.status])).toEqual([
        ["RuntimeReady", true],
        ["NetworkReady", false],
      ]);
      expect((await cri.runtime.listPodSandbox({})).items).toEqual([]);
      expect((await cri.runtime.listContainers({})).containers).toEqual([]);
      expect((await cri.images.imageStatus({ image: { image: "nobody/has:1" } })).image).toBeUndefined();
      expect((await cri.images.imageFsInfo({})).imageFilesystems.length).toBe(1);
    });

    test("ids that are not there: it gives the codes and texts that we give", async () => {
      await using cri = createCriClient({ address: join(directory, "c.sock") });
      await badInputOfIds(cri, "0123456789abcdef".repeat(4), { peer: true });
    });
  },
);

const noCrictl = whyNot("crictl", "dockerd", "containerd", "runc", "busybox", "ip", "nsenter");
describe.skipIf(noCrictl !== undefined)(`crictl against ours${skipped(noCrictl)}`, () => {
  test("runs a pod with a container and reads its log", async () => {
    await using engine = await realDockerd();
    await using client = createEngineClient({ address: engine.address });
    await using cri = createCri(client, { root: join(engine.directory, "cri") });
    await using server = await serveCri(join(engine.directory, "cri.sock"), cri);
    const crictl = (...args: string[]): string =>
      execFileSync("crictl", ["--runtime-endpoint", `unix://${server.address}`, ...args], {
        encoding: "utf8",
      });
    const pod = join(engine.directory, "pod.json");
    const container = join(engine.directory, "container.json");
    const metadata = { name: "web", namespace: "default", uid: "web", attempt: 0 };
    writeFileSync(
      pod,
      JSON.stringify({ metadata, log_directory: join(engine.directory, "pods"), linux: {} }),
    );
    const command = ["sh", "-c", "echo from crictl; sleep 100"];
    writeFileSync(
      container,
      JSON.stringify({
        metadata: { name: "c" },
        image: { image: IMAGE },
        command,
        log_path: "c.log",
        linux: {},
      }),
    );
    const id = crictl("run", container, pod).trim();
    expect(crictl("ps", "-q").trim()).toBe(id);
    expect(crictl("logs", id)).toBe("from crictl\n");
    expect(crictl("exec", "-s", id, "echo", "in")).toContain("in");
    crictl("rmp", "-af");
    expect(crictl("pods", "-q").trim()).toBe("");
  });
});

function skipped(reason: string | undefined): string {
  return reason === undefined ? "" : ` (skipped: ${reason})`;
}
