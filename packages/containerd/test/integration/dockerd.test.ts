import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing } from "./peers.ts";
import { RtContainerd } from "./rt_containerd.ts";

const skip = missing("dockerd", "docker", "busybox", "containerd-shim-runc-v2", "runc", "ctr");

/** The real dockerd, without networks, over a containerd. */
class Dockerd implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "rt-dkd-"));
  readonly #child: ChildProcess;

  constructor(containerd: string) {
    const log = openSync(join(this.dir, "log"), "a");
    const places = ["--data-root", join(this.dir, "data"), "--exec-root", join(this.dir, "exec")];
    const nets = ["--iptables=false", "--ip-masq=false", "--bridge=none", "--pidfile", join(this.dir, "pid")];
    const args = ["-H", `unix://${this.dir}/d.sock`, "--containerd", containerd, ...places, ...nets];
    this.#child = spawn("dockerd", args, { stdio: ["ignore", log, log] });
  }

  docker(args: readonly string[], input = ""): { status: number | null; stdout: string; stderr: string } {
    const options = { encoding: "utf8", timeout: 30_000, input } as const;
    const { status, stdout, stderr } = spawnSync(
      "docker",
      ["-H", `unix://${this.dir}/d.sock`, ...args],
      options,
    );
    return { status, stdout, stderr };
  }

  async ready(): Promise<void> {
    for (let i = 0; i < 120 && this.#child.exitCode === null; i++) {
      if (existsSync(join(this.dir, "d.sock")) && this.docker(["version"]).status === 0) return;
      await sleep(250);
    }
    throw new Error(`dockerd does not answer: ${readFileSync(join(this.dir, "log"), "utf8").slice(-2000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode === null && this.#child.kill("SIGTERM")) await gone;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

describe.skipIf(skip !== undefined)(
  `dockerd on rt-containerd${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let containerd: RtContainerd;
    let dockerd: Dockerd;
    const run = (...args: string[]) => dockerd.docker(["run", "--network", "none", ...args]);
    beforeAll(async () => {
      containerd = await RtContainerd.start();
      dockerd = new Dockerd(containerd.address);
      await dockerd.ready();
      const root = join(dockerd.dir, "fs");
      mkdirSync(join(root, "bin"), { recursive: true });
      copyFileSync("/usr/bin/busybox", join(root, "bin/busybox"));
      for (const name of ["sh", "echo", "sleep", "cat"]) symlinkSync("busybox", join(root, "bin", name));
      spawnSync("tar", ["-C", root, "-cf", join(dockerd.dir, "fs.tar"), "."]);
      expect(dockerd.docker(["import", join(dockerd.dir, "fs.tar"), "bb"])).toMatchObject({ status: 0 });
    });
    afterAll(async () => {
      await dockerd[Symbol.asyncDispose]();
      await containerd[Symbol.asyncDispose]();
    });

    test("docker run: output, input, exit status, command not found", () => {
      expect(run("--rm", "bb", "echo", "hello")).toMatchObject({ status: 0, stdout: "hello\n" });
      expect(dockerd.docker(["run", "-i", "--rm", "--network", "none", "bb", "cat"], "in\n").stdout).toBe(
        "in\n",
      );
      expect(run("--rm", "bb", "sh", "-c", "exit 9").status).toBe(9);
      const absent = run("--rm", "bb", "no-such-command");
      expect([absent.status, absent.stderr]).toEqual([
        127,
        expect.stringMatching(/executable file not found in \$PATH/),
      ]);
      expect(dockerd.docker(["ps", "-aq"]).stdout).toBe("");
    });

    test("kill -9 of rt-containerd: dockerd finds its container again", async () => {
      expect(run("-d", "--name", "web", "bb", "sleep", "1000").status).toBe(0);
      await containerd.end("SIGKILL");
      await containerd.run();
      for (let i = 0; i < 40 && dockerd.docker(["exec", "web", "echo", "up"]).status !== 0; i++)
        await sleep(250);
      expect(dockerd.docker(["exec", "web", "echo", "after"]).stdout).toBe("after\n");
      expect(dockerd.docker(["stop", "-t", "0", "web"]).status).toBe(0);
      expect(dockerd.docker(["inspect", "-f", "{{.State.ExitCode}}", "web"]).stdout).toBe("137\n");
      expect(dockerd.docker(["rm", "web"]).status).toBe(0);
    });
  },
);
