import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  createReadStream,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { END_OF_ARCHIVE, encodeHeader, padding } from "../../src/diff/tar_writer.ts";
import { unpackLayer } from "../../src/diff/unpack_layer.ts";
import { linuxInodes } from "../../src/host/inodes_linux.ts";
import { type Kernel, portKernel } from "../../src/kernel.ts";
import { missing } from "./peers.ts";
import { treeOf } from "./tree.ts";

const no = missing("tar");
let dir: string;
let kernel: Kernel;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "rt-tar-"));
  kernel = portKernel();
  const src = join(dir, "src");
  mkdirSync(join(src, "d"), { recursive: true });
  writeFileSync(join(src, "d/plain"), "plain");
  linkSync(join(src, "d/plain"), join(src, "hard"));
  symlinkSync("d/plain", join(src, "soft"));
  chmodSync(join(src, "d/plain"), 0o4750);
  utimesSync(join(src, "d/plain"), 1_500_000_000, 1_500_000_000.25);
  const sparse = openSync(join(src, "sparse"), "w");
  for (let i = 0; i < 40; i++) writeSync(sparse, `data ${i}`.repeat(200), i * 1_000_000);
  closeSync(sparse);
  writeFileSync(join(src, "tail-hole"), "start");
  spawnSync("truncate", ["-s", "5000000", join(src, "tail-hole"), join(src, "all-hole")]);
});

afterAll(async () => {
  await kernel[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

describe.skipIf(no)(`unpackLayer() of what GNU tar writes${no ? ` (skipped: ${no})` : ""}`, () => {
  const long = ["--format=gnu", "--format=oldgnu", "--format=pax", "--format=posix"];
  const cases: readonly (readonly string[])[] = [
    ["--format=v7"],
    ["--format=ustar"],
    ...long.map((f) => [f]),
    ["--format=gnu", "-S"],
    ["--format=oldgnu", "-S"],
    ...["0.0", "0.1", "1.0"].map((v) => ["--format=pax", "-S", `--sparse-version=${v}`]),
    ["--format=pax", "--xattrs", "--numeric-owner"],
    ["--format=gnu", "-z"],
  ];
  for (const options of cases) {
    it(`gives the same tree as tar: ${options.join(" ")}`, async () => {
      const src = join(dir, "src");
      const deep = join(src, "long".repeat(20), "name".repeat(30));
      rmSync(join(src, "long".repeat(20)), { recursive: true, force: true });
      if (!options[0]!.match(/v7|ustar/)) {
        mkdirSync(deep, { recursive: true });
        writeFileSync(join(deep, "x".repeat(200)), "long");
        symlinkSync("y".repeat(250), join(deep, "link"));
      }
      const file = join(dir, "a.tar");
      expect(spawnSync("tar", ["-C", src, ...options, "-cf", file, "."]).stderr.toString()).toBe("");
      const [theirs, ours] = [join(dir, "theirs"), join(dir, "ours")];
      for (const d of [theirs, ours]) {
        rmSync(d, { recursive: true, force: true });
        mkdirSync(d);
      }
      expect(spawnSync("tar", ["-C", theirs, "-xpf", file]).stderr.toString()).toBe("");
      const inodes = linuxInodes(kernel);
      const target = { root: ours, lowers: [], whiteouts: "delete", empty: true } as const;
      await unpackLayer(createReadStream(file), target, inodes);
      expect(await treeOf(inodes, ours)).toEqual(await treeOf(inodes, theirs));
      if (options.includes("-S")) expect(lstatSync(join(ours, "sparse")).blocks).toBeLessThan(4000);
    });
  }
});

it.skipIf(no)(`tar reads what encodeHeader() writes${no ? ` (skipped: ${no})` : ""}`, () => {
  const entries = [
    { type: "directory", name: "d/", mode: 0o1777 },
    {
      type: "file",
      name: `d/${"n".repeat(180)}`,
      mode: 0o640,
      uid: 3_000_000,
      mtime: { seconds: 12, nanoseconds: 500_000_000 },
    },
    { type: "file", name: Buffer.from("d/ünï").toString("latin1"), mode: 0o4755 },
    { type: "symlink", name: "s", linkName: "t".repeat(150) },
    { type: "link", name: "h", linkName: Buffer.from("d/ünï").toString("latin1") },
  ] as const;
  const body = Buffer.from("body");
  const parts = entries.flatMap((e) =>
    e.type === "file" ? [encodeHeader({ ...e, size: 4 }), body, padding(4)] : [encodeHeader(e)],
  );
  const listed = spawnSync(
    "tar",
    ["--quoting-style=literal", "--numeric-owner", "--full-time", "--utc", "-tvf", "-"],
    {
      input: Buffer.concat([...parts, END_OF_ARCHIVE]),
    },
  );
  expect(listed.stderr.toString()).toBe("");
  expect(
    listed.stdout
      .toString()
      .trim()
      .split("\n")
      .map((l) => l.replace(/\s+/g, " ")),
  ).toEqual([
    "drwxrwxrwt 0/0 0 1970-01-01 00:00:00 d/",
    `-rw-r----- 3000000/0 4 1970-01-01 00:00:12.5 d/${"n".repeat(180)}`,
    "-rwsr-xr-x 0/0 4 1970-01-01 00:00:00 d/ünï",
    `lrw-r--r-- 0/0 0 1970-01-01 00:00:00 s -> ${"t".repeat(150)}`,
    "hrw-r--r-- 0/0 0 1970-01-01 00:00:00 h link to d/ünï",
  ]);
});
