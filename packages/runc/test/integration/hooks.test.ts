import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compose } from "../../src/compose.ts";
import { spawnKernel } from "../../src/host/spawn_kernel.ts";
import type { Hook, HookName, Spec, State } from "../../src/oci.ts";
import { BUSYBOX, busyboxRootfs, testSpec } from "../../src/testing/bundle.ts";

const reason =
  process.getuid?.() !== 0 ? "needs root" : existsSync(BUSYBOX) ? undefined : `${BUSYBOX} missing`;
const POINTS: readonly HookName[] = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
];

describe.skipIf(reason !== undefined)(`hooks${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  const directory = mkdtempSync(join(tmpdir(), "rt-hooks-"));
  const kernel = spawnKernel();
  const state = join(directory, "state");
  const runtime = compose({ root: state, kernel });
  const notes = join(directory, "notes");
  let count = 0;

  beforeAll(() => {
    busyboxRootfs(join(directory, "rootfs"));
    mkdirSync(notes);
  });
  afterAll(async () => {
    await kernel[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  const id = (): string => `rt-hooks-${process.pid}-${++count}`;
  const shell = (script: string): Hook => ({
    path: "/bin/sh",
    args: ["sh", "-c", script],
    env: ["PATH=/bin:/usr/bin"],
  });
  const spec = (hooks: Spec["hooks"]): Spec =>
    testSpec(["true"], (s) => {
      s.root = { path: join(directory, "rootfs") };
      s.mounts!.push({ destination: "/notes", type: "bind", source: notes, options: ["bind"] });
      s.hooks = hooks!;
    });

  it("all six run in order, each with the state on its stdin", async () => {
    const hooks: Spec["hooks"] = {};
    for (const point of POINTS) {
      const place = point === "startContainer" ? "/notes" : notes;
      hooks[point] = [shell(`cat > ${place}/${point}; echo ${point} >> ${place}/order`)];
    }
    const name = id();
    const { pid, exited } = await runtime.create({ id: name, bundle: directory, spec: spec(hooks) });
    const order = (): string[] => readFileSync(join(notes, "order"), "utf8").trim().split("\n");
    expect(order()).toEqual(["prestart", "createRuntime", "createContainer"]);
    await runtime.start({ id: name });
    await exited;
    await runtime.delete({ id: name });
    expect(order().toSorted()).toEqual([...POINTS].sort());
    expect(order().at(-1)).toBe("poststop");
    for (const [point, status] of [
      ["prestart", "creating"],
      ["createRuntime", "creating"],
      ["createContainer", "creating"],
      ["startContainer", "created"],
      ["poststart", "running"],
      ["poststop", "stopped"],
    ] as const) {
      const told = JSON.parse(readFileSync(join(notes, point), "utf8")) as State;
      expect(told).toMatchObject({ id: name, status, bundle: directory, ociVersion: "1.0.2" });
      const pids = { startContainer: 1, poststop: 0 } as Record<string, number>;
      expect([point, told.pid]).toEqual([point, pids[point] ?? pid]);
    }
  });

  it.each(["prestart", "createRuntime", "createContainer"] as const)(
    "%s that fails undoes the container and tells what it said",
    async (point) => {
      const failing = spec({ [point]: [shell("true"), shell("echo why >&2; exit 3")] });
      await expect(runtime.create({ id: id(), bundle: directory, spec: failing })).rejects.toThrow(
        "error during container init: error running hook #1: error running hook: exit status 3, stdout: , stderr: why",
      );
      expect(readdirSync(state)).toEqual([]);
    },
  );

  it("a hook that is not there is named", async () => {
    const missing = spec({ createRuntime: [{ path: "/rt-no-such-hook" }] });
    await expect(runtime.create({ id: id(), bundle: directory, spec: missing })).rejects.toThrow(
      "error running hook #0: fork/exec /rt-no-such-hook: no such file or directory",
    );
  });

  it("a hook that takes too long is killed", async () => {
    const slow = spec({ createContainer: [{ ...shell("sleep 60"), timeout: 1 }] });
    const started = Date.now();
    await expect(runtime.create({ id: id(), bundle: directory, spec: slow })).rejects.toThrow(
      "hook ran past specified timeout of 1.0s",
    );
    expect(Date.now() - started).toBeGreaterThan(900);
    expect(readdirSync(state)).toEqual([]);
  });

  it("poststop that fails does not keep the container", async () => {
    const name = id();
    const failing = spec({ poststop: [shell("exit 1")] });
    await runtime.create({ id: name, bundle: directory, spec: failing });
    const warnings: string[] = [];
    const log = {
      debug() {},
      info() {},
      error() {},
      warn: (msg: string) => void warnings.push(msg),
      child: () => log,
    };
    await runtime.delete({ id: name, force: true }, { log });
    expect(warnings).toEqual(["error running hook #0: error running hook: exit status 1, stdout: , stderr:"]);
    expect(readdirSync(state)).toEqual([]);
  });
});
