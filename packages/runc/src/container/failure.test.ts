import { describe, expect, it } from "vitest";
import { hasCode } from "../errors.ts";
import { hookError, startError } from "./failure.ts";

const failure = (name: string, errno: number, hook?: { status: number; output: string }) => ({
  record: { kind: "failure", op: 1, name, syscall: "execve", errno } as const,
  ...(hook === undefined ? {} : { hook }),
});

describe("startError()", () => {
  it.each([
    [
      'exec: "x": executable file not found in $PATH',
      2,
      'exec: "x": executable file not found in $PATH',
      "NOT_FOUND",
    ],
    ['exec: "/x": stat /x', 2, 'exec: "/x": stat /x: no such file or directory', "NOT_FOUND"],
    ['exec: "/x"', 13, 'exec: "/x": permission denied', "PERMISSION_DENIED"],
    ['exec: "/x"', 8, 'exec: "/x": exec format error', "INVALID_ARGUMENT"],
    [
      'chdir to cwd ("/x") set in config.json failed',
      20,
      'chdir to cwd ("/x") set in config.json failed: not a directory',
      "INVALID_ARGUMENT",
    ],
    [
      "mount proc on /proc",
      1,
      "error during container init: cannot mount proc on /proc: EPERM",
      "PERMISSION_DENIED",
    ],
  ] as const)("%s", (name, errno, text, code) => {
    const err = startError(failure(name, errno));
    expect(err.message).toBe(`unable to start container process: ${text}`);
    expect(hasCode(err, code)).toBe(true);
  });

  it("tells how a hook ended and what it said", () => {
    const name = "error running hook #2: error running hook";
    expect(startError(failure(name, 125, { status: 3 << 8, output: "why\n" })).message).toBe(
      "unable to start container process: error during container init: " +
        "error running hook #2: error running hook: exit status 3, stdout: , stderr: why\n",
    );
    expect(hookError(failure(name, 125, { status: 9, output: "" })).message).toBe(
      "error running hook #2: error running hook: signal: 9, stdout: , stderr: ",
    );
  });
});
