/**
 * `pnpm bench`: ours beside the real peers, interleaved in one run: a container in process, `rt-runc run`, `docker run --rm`.
 *
 * Peers that are not installed are left out, with a line that says so. RT_BENCH_N scales the number of rounds.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createEngineClient } from "@rt/dockerd/client";
import { realDocker } from "../src/bench/real_docker.ts";
import { type Figures, figures, interleave, type Side, table } from "../src/bench/sample.ts";
import { importShell } from "../src/demo.ts";
import { down } from "../src/down.ts";
import { up } from "../src/up.ts";

const ROOT = join(import.meta.dirname, "../../..");
const NODE = join(ROOT, "node_modules/.bin/node");
const BUN = join(ROOT, "node_modules/@oven/bun-linux-x64/bin/bun");
const N = Number(process.env.RT_BENCH_N ?? "20");

function find(program: string): string | undefined {
  const dirs = `${process.env.PATH}:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin`.split(":");
  return dirs.map((d) => join(d, program)).find((p) => existsSync(p));
}

/** A bundle with a static busybox, for any runtime. */
function makeBundle(dir: string): string {
  const bin = join(dir, "rootfs/bin");
  mkdirSync(bin, { recursive: true });
  const busybox = find("busybox");
  if (busybox === undefined)
    throw new Error("cannot bench: no static busybox (Debian package busybox-static)");
  execFileSync("cp", [busybox, join(bin, "busybox")]);
  execFileSync("ln", ["-s", "busybox", join(bin, "true")]);
  execFileSync(find("runc") ?? join(ROOT, "packages/runc/bin/rt-runc"), ["spec"], { cwd: dir });
  const config = JSON.parse(execFileSync("cat", [join(dir, "config.json")], { encoding: "utf8" })) as {
    process: { terminal: boolean; args: string[] };
    linux: { cgroupsPath?: string };
  };
  config.process.terminal = false;
  config.process.args = ["/bin/true"];
  config.linux.cgroupsPath = "/rt-bench-oci";
  writeFileSync(join(dir, "config.json"), JSON.stringify(config));
  return join(dir, "rootfs");
}

function must(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const r = spawnSync(program, args, { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (r.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${r.status} ${r.stderr}`);
}

/** `run` of each OCI runtime that is there. */
async function benchRuntimes(dir: string): Promise<string> {
  let id = 0;
  const side = (name: string, program: string): Side => ({
    name,
    run: () =>
      must(program, ["--root", join(dir, "state"), "run", "--bundle", dir, `b${process.pid}-${id++}`]),
  });
  const sides: Side[] = [];
  const runc = find("runc");
  if (runc !== undefined) sides.push(side("runc run", runc));
  const compiled = join(ROOT, "packages/runc/dist/bin/rt-runc");
  if (existsSync(compiled)) sides.push(side("rt-runc run (single file)", compiled));
  const lines: string[] = [];
  const crun = find("crun");
  if (crun !== undefined) {
    const works = spawnSync(crun, ["--root", join(dir, "crun"), "run", "--bundle", dir, "probe"], {
      encoding: "utf8",
    });
    if (works.status === 0) sides.push(side("crun run", crun));
    else lines.push(`  crun left out: ${works.stderr.trim().split("\n")[0]}`);
  }
  return [table("OCI runtime, run of a busybox true", await interleave(sides, N)), ...lines].join("\n");
}

/** Containers in a long-lived process, beside runc as a command. */
async function benchInProcess(dir: string, rootfs: string): Promise<string> {
  const rows: Figures[] = [];
  const runc = find("runc");
  if (runc !== undefined) {
    let id = 0;
    const run = (): void =>
      must(runc, ["--root", join(dir, "state"), "run", "--bundle", dir, `p${process.pid}-${id++}`]);
    rows.push(...(await interleave([{ name: "runc run", run }], N)));
  }
  const script = join(ROOT, "packages/stack/src/bench/in_process.ts");
  for (const [name, command] of [
    ["@rt/runc in process, Node", [NODE, "--disable-warning=ExperimentalWarning", script]],
    ["@rt/runc in process, Bun", [BUN, script]],
  ] as const) {
    const [program, ...args] = command;
    const out = execFileSync(program, [...args, rootfs, `${N * 3}`], { encoding: "utf8" });
    rows.push(figures(name, JSON.parse(out) as number[]));
  }
  return table("A container: create, start, wait, delete", rows);
}

/** `docker run --rm` on the real dockerd and on ours, by the same docker CLI. */
async function benchDocker(): Promise<string> {
  const cli = find("docker");
  if (cli === undefined) return "docker run: left out, there is no docker CLI";
  await using real = await realDocker();
  const roots = (["node", "bun"] as const).map((engine) => ({ engine, root: mkdtempSync("/tmp/rt-bd-") }));
  try {
    const sides: { name: string; socket: string }[] = [];
    if (real !== undefined) sides.push({ name: "dockerd", socket: real.socket });
    for (const { engine, root } of roots)
      sides.push({ name: `rt-dockerd on ${engine}`, socket: (await up({ root, engine })).dockerSocket });
    for (const s of sides) {
      await using engine = createEngineClient({ address: `unix://${s.socket}` });
      await importShell(engine);
    }
    const parts: string[] = [];
    for (const [title, args] of [
      ["docker run --rm busybox true", []],
      ["docker run --rm --network none busybox true", ["--network", "none"]],
      ["docker run --rm --network host busybox true", ["--network", "host"]],
    ] as const) {
      const command = ["run", "--rm", ...args, "busybox", "true"];
      const list = sides.map((s) => ({
        name: s.name,
        run: () => must(cli, command, { ...process.env, DOCKER_HOST: `unix://${s.socket}` }),
      }));
      parts.push(table(title, await interleave(list, N)));
    }
    return parts.join("\n\n");
  } finally {
    for (const { root } of roots) await down({ root, remove: true });
  }
}

const dir = mkdtempSync("/tmp/rt-bench-");
try {
  const rootfs = makeBundle(dir);
  console.log(`${await benchInProcess(dir, rootfs)}\n`);
  console.log(`${await benchRuntimes(dir)}\n`);
  console.log(await benchDocker());
} finally {
  rmSync(dir, { recursive: true, force: true });
}
