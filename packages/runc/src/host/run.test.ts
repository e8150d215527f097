import { describe, expect, it } from "vitest";
import { ProgramBuilder } from "../launch/program.ts";
import { fakeKernel } from "../testing/fake_kernel.ts";
import { run } from "./run.ts";

const program = new ProgramBuilder().build();

describe("run()", () => {
  it("collects values and joins the data of one tag", async () => {
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const kernel = fakeKernel(() => ({
      records: [
        { kind: "value", tag: 1, value: 5n },
        { kind: "data", tag: 2, bytes: bytes("ab") },
        { kind: "data", tag: 2, bytes: bytes("c") },
      ],
      status: { code: 3 },
    }));
    const result = await run(kernel, program);
    expect(result.code).toBe(3);
    expect(result.values.get(1)).toBe(5n);
    expect(new TextDecoder().decode(result.data.get(2))).toBe("abc");
  });

  it("throws the first failure, with the class of its errno", async () => {
    const failure = (name: string, errno: number) =>
      ({ kind: "failure", op: 0, name, syscall: "openat", errno }) as const;
    const kernel = fakeKernel(() => ({
      records: [failure("open /a", 2), failure("open /b", 1)],
      status: { code: 1 },
    }));
    await expect(run(kernel, program)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "cannot open /a: ENOENT",
    });
  });

  it("throws when a signal ended it", async () => {
    const kernel = fakeKernel(() => ({ status: { signal: 9 } }));
    await expect(run(kernel, program)).rejects.toThrow("cannot run launch program: killed by signal 9");
  });
});
