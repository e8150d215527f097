import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listenUnix } from "./listen_unix.ts";

describe("listenUnix()", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "rt-listen-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test("the socket is its owner's, answers, and goes", async () => {
    const path = join(dir, "a.sock");
    const listening = await listenUnix(
      createServer((s) => s.end("hi")),
      path,
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["a.sock"]);
    const answer = await new Promise((resolve) => connect(path).on("data", (d) => resolve(String(d))));
    expect(answer).toBe("hi");
    await listening[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });

  test("a socket that is there is replaced, and not removed by the one that it was taken from", async () => {
    const path = join(dir, "a.sock");
    const first = await listenUnix(createServer(), path);
    const second = await listenUnix(
      createServer((s) => s.end("second")),
      path,
    );
    await first[Symbol.asyncDispose]();
    const answer = await new Promise((resolve) => connect(path).on("data", (d) => resolve(String(d))));
    expect(answer).toBe("second");
    await second[Symbol.asyncDispose]();
  });

  test("a path that no socket can have is refused", async () => {
    await expect(listenUnix(createServer(), join(dir, "x".repeat(108)))).rejects.toThrow(
      /longer than 107 bytes/,
    );
  });
});
