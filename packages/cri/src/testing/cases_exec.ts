/**
 * Cases of the suite: ExecSync.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CriCase } from "./cri_suite.ts";
import { eventually, rejects, TestPod } from "./pod.ts";

/** The cases. */
export const execCases: readonly CriCase[] = [
  {
    name: "ExecSync gives exit code and both streams",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const id = await pod.start("main", "sleep 100");
      assert.deepEqual(await pod.exec(id, "echo out; echo err >&2; exit 3"), {
        code: 3,
        stdout: "out\n",
        stderr: "err\n",
      });
      assert.deepEqual(await pod.exec(id, "true"), { code: 0, stdout: "", stderr: "" });
    },
  },
  {
    name: "ExecSync that takes too long is killed and answered with DEADLINE_EXCEEDED",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const id = await pod.start("main", "sleep 100");
      const exec = subject.cri.runtime.execSync({ containerId: id, cmd: ["sleep", "54321"], timeout: 1n });
      const began = Date.now();
      await rejects(exec, "DEADLINE_EXCEEDED", /timeout 1s exceeded: context deadline exceeded$/);
      assert.ok(Date.now() - began < 5000);
      await eventually(async () => {
        const { stdout } = await pod.exec(id, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
        return /sleep 54321/.test(stdout) ? undefined : true;
      });
      assert.equal((await pod.exec(id, "exit 4")).code, 4);
    },
  },
  {
    name: "ExecSync keeps the first 16 MiB of the output and lets the command end",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const id = await pod.start("main", "sleep 100");
      const { exitCode, stdout } = await subject.cri.runtime.execSync({
        containerId: id,
        cmd: ["sh", "-c", "head -c 20000000 /dev/zero; exit 5"],
        timeout: 60n,
      });
      assert.deepEqual([exitCode, stdout.length], [5, 16 * 1024 * 1024]);
    },
  },
];
