import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compose } from "../../src/compose.ts";
import { run } from "../../src/container/run.ts";
import { portKernel } from "../../src/kernel.ts";
import { BUSYBOX, busyboxRootfs, testSpec } from "../../src/testing/bundle.ts";

const reason =
  process.getuid?.() !== 0 ? "needs root" : existsSync(BUSYBOX) ? undefined : `${BUSYBOX} missing`;
const modules = join(import.meta.dirname, "../../../../node_modules");
const config = join(import.meta.dirname, "../../../../deno.json");

/** The engines, and how each runs a file of ours from source. */
const ENGINES: readonly (readonly [name: string, file: string, args: readonly string[]])[] = [
  ["Node", process.execPath, ["--disable-warning=ExperimentalWarning", "--conditions=rt-source"]],
  ["Bun", join(modules, "@oven/bun-linux-x64/bin/bun"), ["--conditions=rt-source"]],
  ["Deno", join(modules, ".bin/deno"), ["run", "-A", "--conditions=rt-source", "--config", config]],
];

describe.skipIf(reason !== undefined)(`run()${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  const directory = mkdtempSync(join(tmpdir(), "rt-library-"));
  const rootfs = join(directory, "rootfs");
  beforeAll(() => busyboxRootfs(rootfs));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(ENGINES)("a program on %s runs a container with its streams", async (_name, file, args) => {
    if (!existsSync(file)) return expect.fail(`${file} is missing: run the set-up`);
    const program = join(directory, "program.ts");
    const index = join(import.meta.dirname, "../../src/index.ts");
    writeFileSync(
      program,
      `import { run } from ${JSON.stringify(index)};
{
  await using box = await run({ rootfs: ${JSON.stringify(rootfs)}, args: ["sh", "-c", "cat; echo bad >&2; exit 3"] });
  await box.stdin.write(new TextEncoder().encode("hello\\n"));
  await box.stdin.close();
  let out = "";
  for await (const chunk of box.stdout) out += new TextDecoder().decode(chunk);
  let err = "";
  for await (const chunk of box.stderr) err += new TextDecoder().decode(chunk);
  console.log(JSON.stringify([out, err, (await box.exited).code]));
}`,
    );
    const printed = await new Promise<string>((resolve, reject) => {
      execFile(
        file,
        [...args, program],
        { timeout: 60_000, killSignal: "SIGKILL" },
        (err, stdout, stderr) => {
          if (err === null) resolve(stdout);
          else reject(new Error(`${err.message}\n${stderr}`));
        },
      );
    });
    expect(JSON.parse(printed)).toEqual(["hello\n", "bad\n", 3]);
  });

  it("100 MB come through whole", async () => {
    await using box = await run({ rootfs, args: ["dd", "if=/dev/zero", "bs=1M", "count=100"] });
    let bytes = 0;
    for await (const chunk of box.stdout) bytes += chunk.length;
    expect(bytes).toBe(100 * 1024 * 1024);
    expect((await box.exited).code).toBe(0);
  });

  it("disposing kills and deletes", async () => {
    const root = join(directory, "state");
    let pid = 0;
    {
      await using box = await run({ rootfs, args: ["sleep", "1000"] }, { root });
      pid = box.pid;
      expect(existsSync(`/proc/${pid}`)).toBe(true);
    }
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(readdirSync(root)).toEqual([]);
  });

  it("a failure names the step and leaves nothing", async () => {
    const root = join(directory, "state");
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("rt-stdio-"));
    await expect(run({ rootfs, args: ["rt-no-such-program"] }, { root })).rejects.toThrow(
      'exec: "rt-no-such-program": executable file not found in $PATH',
    );
    expect(readdirSync(root)).toEqual([]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("rt-stdio-"))).toEqual(before);
  });

  it("100 containers one after the other and 20 at a time leave nothing behind", async () => {
    const root = join(directory, "many");
    const prefix = `rt-many-${process.pid}-`;
    await using runtime = compose({ root, kernel: await portKernel() });
    const mounts = (): number => readFileSync("/proc/self/mountinfo", "utf8").split(directory).length;
    const before = mounts();
    const one = async (i: number): Promise<void> => {
      const spec = testSpec(["true"], (s) => void (s.root = { path: rootfs }));
      const { exited } = await runtime.createStarted({ id: `${prefix}${i}`, bundle: directory, spec });
      expect((await exited)?.code).toBe(0);
      await runtime.delete({ id: `${prefix}${i}` });
    };
    for (let i = 0; i < 100; i++) await one(i);
    await Promise.all(Array.from({ length: 20 }, (_, i) => one(1000 + i)));
    expect(readdirSync(root)).toEqual([]);
    expect(mounts()).toBe(before);
    for (const controller of readdirSync("/sys/fs/cgroup")) {
      const left = readdirSync(join("/sys/fs/cgroup", controller)).filter((name) => name.startsWith(prefix));
      expect(left).toEqual([]);
    }
  });
});
