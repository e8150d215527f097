/** The README's program runs a container on every engine. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxTar, ENGINE, whyNot } from "./harness.ts";

const REPO = join(import.meta.dirname, "../../../..");
const skip = whyNot("busybox");
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  node: [join(REPO, "node_modules/.bin/node"), "--disable-warning=ExperimentalWarning"],
  bun: [join(REPO, "node_modules/@oven/bun-linux-x64/bin/bun")],
  deno: [join(REPO, "node_modules/.bin/deno"), "run", "-A", "--no-check"],
};
// Deno has no daemons of its own in this ring: it runs once, beside Node's.
const engines = ENGINE === "node" ? ["node", "deno"] : ["bun"];

describe.skipIf(skip !== undefined)(
  `the README's program${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    const rootfs = mkdtempSync("/tmp/rt-readme-");
    const dir = join(REPO, "packages/stack/test-results/readme");
    const program = join(dir, "program.ts");
    beforeAll(() => {
      execFileSync("tar", ["-C", rootfs, "-x"], { input: busyboxTar() });
      const source = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(REPO, "README.md"), "utf8"))?.[1];
      expect(source).toContain('from "@rt/runc"');
      mkdirSync(dir, { recursive: true });
      writeFileSync(program, source ?? "");
    });
    afterAll(() => {
      rmSync(rootfs, { recursive: true });
      rmSync(dir, { recursive: true });
    });

    test.each(engines)("on %s", (name) => {
      const cgroups = (): string[] =>
        ["memory", "pids"].flatMap((c) => {
          const path = `/sys/fs/cgroup/${c}`;
          return existsSync(path) ? readdirSync(path).filter((n) => /^rt-[0-9a-f]{12}$/.test(n)) : [];
        });
      const before = cgroups();
      const [engine = "", ...args] = COMMANDS[name] ?? [];
      const env = { ...process.env, NODE_OPTIONS: "" };
      const r = spawnSync(engine, [...args, program, rootfs], { encoding: "utf8", timeout: 60_000, env });
      expect(r.stderr).not.toMatch(/Error/);
      expect(r.stdout).toMatch(/^hello from pid 1 as \S+\nexit code 3\n$/);
      expect(r.status).toBe(0);
      expect(cgroups()).toEqual(before);
    });
  },
);
