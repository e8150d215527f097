/** Many containers, one after the other and at once: nothing is left behind. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENGINE, type TestStack, testStack, whyNot } from "./harness.ts";

const skip = whyNot("docker", "busybox");

describe.skipIf(skip !== undefined)(
  `churn on ${ENGINE}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let stack: TestStack;
    beforeAll(async () => {
      stack = await testStack();
    });
    afterAll(async () => stack?.[Symbol.asyncDispose]());

    test("100 docker run --rm in sequence", { timeout: 180_000 }, async () => {
      for (let i = 0; i < 100; i++)
        expect(stack.docker(["run", "--rm", "busybox", "echo", `${i}`])).toMatchObject({
          code: 0,
          stdout: `${i}\n`,
        });
      expect(await stack.leaked()).toEqual([]);
    });

    test("20 docker run --rm at once", { timeout: 120_000 }, async () => {
      const runs = Array.from({ length: 20 }, (_, i) =>
        stack.dockerAsync(["run", "--rm", "busybox", "sh", "-c", `echo ${i}; exit ${i}`]),
      );
      const done = await Promise.all(runs);
      expect(done.map((r) => [r.code, r.stdout])).toEqual(
        Array.from({ length: 20 }, (_, i) => [i, `${i}\n`]),
      );
      expect(stack.docker(["ps", "-aq"]).stdout).toBe("");
      expect(await stack.leaked()).toEqual([]);
    });
  },
);
