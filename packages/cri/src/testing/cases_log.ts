/**
 * Cases of the suite: log files in the CRI's format.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { CriCase } from "./cri_suite.ts";
import { eventually, readLog, rejects, TestPod } from "./pod.ts";

/** The cases. */
export const logCases: readonly CriCase[] = [
  {
    name: "two containers of a pod have their logs, by stream, complete when they have ended",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const a = await pod.start("a", "echo one; echo two; echo three");
      const b = await pod.start("b", "echo bad >&2; printf unfinished");
      await pod.ended(a);
      await pod.ended(b);
      assert.deepEqual(
        pod.log("a").map((l) => [l.stream, l.partial, l.text]),
        ["one", "two", "three"].map((text) => ["stdout", false, text]),
      );
      assert.deepEqual(
        pod
          .log("b")
          .map((l) => [l.stream, l.partial, l.text])
          .sort(),
        [
          ["stderr", false, "bad"],
          ["stdout", true, "unfinished"],
        ],
      );
    },
  },
  {
    name: "long lines are split at 16 KiB, and are whole when put together",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const script =
        "for n in 16383 16384 16385 40000; do head -c $n /dev/zero | tr '\\0' x; echo; done; echo end";
      await pod.ended(await pod.start("main", script));
      const lines: number[] = [];
      let length = 0;
      for (const { text, partial } of pod.log("main")) {
        assert.ok(text.length <= 16_384);
        length += text.length;
        if (partial) continue;
        lines.push(length);
        length = 0;
      }
      assert.deepEqual(lines, [16_383, 16_384, 16_385, 40_000, 3]);
    },
  },
  {
    name: "a container with a terminal has a log too",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      await pod.ended(await pod.start("main", "echo one; echo two >&2", { tty: true }));
      assert.deepEqual(
        pod.log("main").map((l) => [l.stream, l.partial, l.text]),
        [
          ["stdout", false, "one"],
          ["stdout", false, "two"],
        ],
      );
    },
  },
  {
    name: "after a rotation the log goes on in a new file, with every line once",
    async run(subject) {
      const { runtime } = subject.cri;
      await using pod = await TestPod.run(subject);
      const script = "i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); sleep 0.002; done";
      const id = await pod.start("main", script);
      const path = join(pod.logDirectory, "main.log");
      const rotated: string[] = [];
      for (const n of [1, 2]) {
        await eventually(() => (readLog(path).length > 20 ? true : undefined));
        const old = `${path}.${n}`;
        renameSync(path, old);
        await runtime.reopenContainerLog({ containerId: id });
        assert.ok(existsSync(path));
        rotated.push(old);
      }
      await pod.ended(id);
      const texts = [...rotated, path].flatMap((file) => readLog(file).map((l) => l.text));
      assert.deepEqual(
        texts,
        Array.from({ length: 400 }, (_, i) => `line ${i}`),
      );
      await rejects(
        runtime.reopenContainerLog({ containerId: id }),
        "FAILED_PRECONDITION",
        /^container is not running$/,
      );
    },
  },
  {
    name: "a container without a log path has no log file",
    async run(subject) {
      await using pod = await TestPod.run(subject);
      const id = await pod.start("main", "echo hidden", { logPath: "" });
      const status = await pod.ended(id);
      assert.equal(status.logPath, "");
      assert.equal(existsSync(join(pod.logDirectory, "main.log")), false);
    },
  },
];
