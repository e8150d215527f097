import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findEntry, layersOf, listEntries, readTextFile } from "./layers.ts";

let dir: string;
let layers: string[];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "rt-layers-"));
  layers = [join(dir, "upper"), join(dir, "lower")];
  for (const layer of layers) mkdirSync(join(layer, "etc"), { recursive: true });
  writeFileSync(join(layers[1]!, "etc/passwd"), "lower");
  writeFileSync(join(layers[0]!, "etc/group"), "upper");
  writeFileSync(join(layers[1]!, "etc/group"), "hidden");
  writeFileSync(join(dir, "secret"), "of the host");
  symlinkSync("/etc/passwd", join(layers[1]!, "absolute"));
  symlinkSync("../../../../../../etc/passwd", join(layers[1]!, "climbing"));
  symlinkSync(join(dir, "secret"), join(layers[1]!, "outside"));
  symlinkSync("loop", join(layers[1]!, "loop"));
  symlinkSync("etc", join(layers[1]!, "link"));
});

afterAll(() => rmSync(dir, { recursive: true }));

test("the topmost layer wins, the others show through", async () => {
  expect(await readTextFile(layers, "/etc/passwd")).toBe("lower");
  expect(await readTextFile(layers, "/etc/group")).toBe("upper");
  const etc = await findEntry(layers, "/etc");
  expect((await listEntries(etc!)).sort()).toEqual(["group", "passwd"]);
});

test("links stay within the root", async () => {
  expect(await readTextFile(layers, "/absolute")).toBe("lower");
  expect(await readTextFile(layers, "/climbing")).toBe("lower");
  expect(await readTextFile(layers, "/link/../link/passwd")).toBe("lower");
  expect(await readTextFile(layers, "/outside")).toBe("");
  expect(await readTextFile(layers, "/../../secret")).toBe("");
  expect(await readTextFile(layers, "/loop")).toBe("");
  await expect(findEntry(layers, "/loop")).rejects.toThrow(/too many levels/);
});

test("what is not there is empty, and so is a directory", async () => {
  expect(await readTextFile(layers, "/nope/x")).toBe("");
  expect(await readTextFile(layers, "/etc")).toBe("");
  expect(await findEntry(layers, "/etc/passwd/x")).toBeUndefined();
});

test("layersOf() reads overlay and bind mounts", () => {
  const options = ["index=off", "workdir=/w", "upperdir=/u", "lowerdir=/a:/b"];
  expect(layersOf([{ type: "overlay", source: "overlay", options }])).toEqual(["/u", "/a", "/b"]);
  expect(layersOf([{ type: "bind", source: "/s", options: ["rbind"] }])).toEqual(["/s"]);
  expect(() => layersOf([{ type: "zfs", source: "x", options: [] }])).toThrow(/of type zfs/);
});

test("the test's own files are as expected", () => {
  expect(readFileSync(join(dir, "secret"), "utf8")).toBe("of the host");
  expect(readdirSync(dir).sort()).toEqual(["lower", "secret", "upper"]);
});
