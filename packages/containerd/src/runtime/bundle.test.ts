import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Kernel } from "../kernel.ts";
import { createBundle, deleteBundle, listDirectories, readShim, writeShim } from "./bundle.ts";

/** A kernel that is not to be asked: nothing is mounted here. */
const noKernel: Kernel = {
  launch: () => Promise.reject(new Error("launched")),
  [Symbol.asyncDispose]: async () => {},
};
const spec = new TextEncoder().encode('{"ociVersion":"1.0.2"}');

describe("bundles", () => {
  let dir: string;
  const roots = () => ({ state: join(dir, "state"), work: join(dir, "work") });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "rt-bundle-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test("createBundle() makes what a shim needs, for nobody else to see", () => {
    const bundle = createBundle(roots(), "ns", "web", spec);
    expect(bundle.path).toBe(join(dir, "state/ns/web"));
    expect(statSync(bundle.path).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(bundle.path, "config.json"), "utf8")).toBe('{"ociVersion":"1.0.2"}');
    expect(lstatSync(join(bundle.path, "work")).isSymbolicLink()).toBe(true);
    expect(existsSync(join(bundle.path, "rootfs"))).toBe(true);
  });

  test.each(["../x", "a/b", "", ".hidden"])("createBundle() refuses the id %j and makes nothing", (id) => {
    expect(() => createBundle(roots(), "ns", id, spec)).toThrow(/invalid task id/);
    expect(readdirSync(dir)).toEqual([]);
  });

  test("createBundle() refuses an id in use and leaves its bundle alone", () => {
    createBundle(roots(), "ns", "web", spec);
    expect(() => createBundle(roots(), "ns", "web", new Uint8Array())).toThrow(/already exists/);
    expect(readFileSync(join(dir, "state/ns/web/config.json"), "utf8")).toBe('{"ociVersion":"1.0.2"}');
  });

  test("the shim that was noted is read, also one that only containerd's own file names", () => {
    const bundle = createBundle(roots(), "ns", "web", spec);
    expect(readShim(bundle)).toEqual({ binary: undefined, shim: undefined });
    writeFileSync(join(bundle.path, "address"), "unix:///old");
    expect(readShim(bundle).shim).toEqual({ address: "unix:///old", version: 2, protocol: "ttrpc" });
    const shim = { address: "unix:///new", version: 3, protocol: "ttrpc" } as const;
    writeShim(bundle, "/bin/shim", shim);
    expect(readShim(bundle)).toEqual({ binary: "/bin/shim", shim });
  });

  test("deleteBundle() frees the id at once", async () => {
    await deleteBundle(noKernel, createBundle(roots(), "ns", "web", spec));
    expect(listDirectories(join(dir, "state/ns"))).toEqual([]);
    createBundle(roots(), "ns", "web", spec);
  });

  test("deleteBundle() does not touch files that are in the root file system's place", async () => {
    const bundle = createBundle(roots(), "ns", "web", spec);
    mkdirSync(join(bundle.path, "rootfs/etc"));
    await expect(deleteBundle(noKernel, bundle)).rejects.toThrow(/not empty/);
    expect(existsSync(join(bundle.path, "rootfs/etc"))).toBe(true);
  });

  test("listDirectories() removes what an earlier daemon was removing", () => {
    mkdirSync(join(dir, "a"));
    mkdirSync(join(dir, ".gone.1"));
    expect(listDirectories(dir)).toEqual(["a"]);
    expect(readdirSync(dir)).toEqual(["a"]);
    expect(listDirectories(join(dir, "nowhere"))).toEqual([]);
  });
});
