/** docker pull and push against a real registry server on loopback, with progress. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../../src/wait.ts";
import { ENGINE, runAsync, type TestStack, testStack, which, whyNot } from "./harness.ts";

const skip = whyNot("docker", "busybox", "curl", "docker-registry");
const PORT = 15_731;

describe.skipIf(skip !== undefined)(
  `registry on ${ENGINE}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let stack: TestStack;
    let registry: ChildProcess;
    const name = `127.0.0.1:${PORT}/team/busybox:v1`;
    beforeAll(async () => {
      stack = await testStack();
      const storage = join(stack.paths.root, "data/registry");
      mkdirSync(storage, { recursive: true });
      const config = join(stack.paths.root, "registry.yml");
      writeFileSync(
        config,
        `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${storage}\nhttp:\n  addr: 127.0.0.1:${PORT}\n`,
      );
      registry = spawn(which("docker-registry") ?? "docker-registry", ["serve", config], { stdio: "ignore" });
      await waitFor("the registry answers", () => accepts(PORT), 10_000);
    });
    afterAll(async () => {
      registry?.kill();
      await stack?.[Symbol.asyncDispose]();
    });

    test("push, rmi, pull, run", () => {
      expect(stack.docker(["tag", "busybox", name]).code).toBe(0);
      const push = stack.docker(["push", name]);
      expect(push).toMatchObject({ code: 0 });
      expect(push.stdout).toMatch(/v1: digest: sha256:[0-9a-f]{64} size: \d+/);
      expect(stack.docker(["rmi", name, "busybox"]).code).toBe(0);
      expect(stack.docker(["images", "-q"]).stdout).toBe("");
      const pull = stack.docker(["pull", name]);
      expect(pull).toMatchObject({ code: 0 });
      expect(pull.stdout).toMatch(/Pull complete/);
      expect(pull.stdout).toMatch(/Status: Downloaded newer image for/);
      expect(stack.docker(["run", "--rm", name, "echo", "pulled"]).stdout).toBe("pulled\n");
      expect(stack.docker(["pull", name]).stdout).toMatch(/Image is up to date/);
    });

    test("the API shows progress: status lines with bytes done and to do", async () => {
      stack.docker(["rmi", "-f", name]);
      const query = `fromImage=${encodeURIComponent(name.replace(/:v1$/, ""))}&tag=v1`;
      const args = [
        "-sN",
        "--unix-socket",
        stack.paths.dockerSocket,
        "-X",
        "POST",
        `http://d/v1.43/images/create?${query}`,
      ];
      const r = await runAsync("curl", args, stack.env);
      const lines = r.stdout
        .trim()
        .split("\n")
        .map((l) => JSON.parse(l) as { status?: string; progressDetail?: { total?: number } });
      expect(lines[0]?.status).toBe("Pulling from team/busybox");
      const downloading = lines.filter(
        (l) => l.status === "Downloading" && (l.progressDetail?.total ?? 0) > 1_000_000,
      );
      expect(downloading.length).toBeGreaterThan(0);
      const states = new Set(lines.map((l) => l.status));
      for (const s of ["Pulling fs layer", "Download complete", "Extracting", "Pull complete"])
        expect(states).toContain(s);
    });

    test("unknown image and tag: the peer's texts, nothing changes", () => {
      const before = stack.docker(["images", "-a"]).stdout;
      const missing = stack.docker(["pull", `127.0.0.1:${PORT}/team/nope:v1`]);
      expect(missing.code).toBe(1);
      expect(missing.stderr).toMatch(
        /manifest for .*nope:v1 not found: manifest unknown|pull access denied|not found/,
      );
      expect(stack.docker(["images", "-a"]).stdout).toBe(before);
    });
  },
);

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const s = connect(port, "127.0.0.1", () => {
      s.destroy();
      resolve(true);
    });
    s.once("error", () => resolve(false));
  });
}
