import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@rt/runc/oci";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dialUnix, listenUnix, removeSocket, socketPath } from "./unix_socket.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rt-sock-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("unix sockets", () => {
  test("listenUnix() makes a socket that only its owner can use", async () => {
    const path = join(directory, "s");
    const server = await listenUnix(path, (socket) => socket.end());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(["s"]);
    (await dialUnix(`unix://${path}`)).destroy();
    await expect(listenUnix(path, () => {})).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    expect(readdirSync(directory)).toEqual(["s"]);
    server.close();
  });

  test("dialUnix() rejects with UNAVAILABLE where nobody listens, and with INVALID_ARGUMENT for a long path", async () => {
    const codes = [join(directory, "none"), `/${"x".repeat(107)}`].map((path) =>
      dialUnix(path).catch(codeOf),
    );
    expect(await Promise.all(codes)).toEqual(["UNAVAILABLE", "INVALID_ARGUMENT"]);
    removeSocket(join(directory, "none"));
  });

  test("socketPath() takes every spelling of an address", () => {
    for (const address of ["unix:///a/b", "unix:/a/b", "ttrpc+unix:///a/b", "/a/b"])
      expect(socketPath(address)).toBe("/a/b");
  });
});
