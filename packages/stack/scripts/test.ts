/**
 * `npm test`: every test there is, in rings from cheap to dear, ending in one plain line of counts.
 *
 * Rings: repository checks and types, unit tests on Node, unit tests and type check on Deno, system tests one package
 * at a time, end-to-end tests with the daemons on Node and on Bun. `RT_TEST=unit,system` runs only the rings named.
 *
 * @module
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { $ } from "zx";
import { add, countsOf, NO_TESTS, skippedNames, summary, type TestCounts } from "../src/test_counts.ts";

const ROOT = join(import.meta.dirname, "../../..");
const BIN = join(ROOT, "node_modules/.bin");
const LAYERS = ["oci-spec", "runc", "shim", "containerd", "dockerd", "cri"];
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${BIN}:${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`,
  TURBO_TELEMETRY_DISABLED: "1",
  NO_COLOR: "1",
};
const sh = $({ cwd: ROOT, env, nothrow: true, stdio: ["ignore", "inherit", "inherit"] });

/** Runs one vitest configuration in `dir` and counts what it reports. */
async function vitest(
  dir: string,
  config: string,
  engine: readonly string[],
  extra: NodeJS.ProcessEnv = {},
): Promise<TestCounts> {
  const report = join(ROOT, dir, "test-results", `${config}.json`);
  rmSync(report, { force: true });
  const program = [...engine, join(ROOT, "node_modules/vitest/vitest.mjs"), "run"];
  const args = [
    "--config",
    join(ROOT, `packages/tools/vitest/${config}.config.ts`),
    "--root",
    join(ROOT, dir),
  ];
  const done = await $({
    cwd: join(ROOT, dir),
    env: { ...env, ...extra },
    nothrow: true,
    stdio: ["ignore", "inherit", "inherit"],
  })`${[...program, ...args]}`;
  for (const name of skippedNames(report)) console.log(`skipped: ${name}`);
  return countsOf(report, done.exitCode ?? 1);
}

/** A step that is one test: its exit status decides. */
async function step(name: string, command: readonly string[]): Promise<TestCounts> {
  console.log(`\n# ${name}`);
  const done = await sh`${command}`;
  return done.exitCode === 0 ? { ...NO_TESTS, passed: 1 } : { ...NO_TESTS, failed: 1 };
}

const node = [join(BIN, "node"), "--disable-warning=ExperimentalWarning"];
const deno = [join(BIN, "deno"), "run", "-A"];

const RINGS: Record<string, () => Promise<TestCounts>> = {
  async checks() {
    const lint = await step("lint", ["biome", "ci", "--reporter=summary", "."]);
    return add(
      lint,
      await step("types", ["turbo", "run", "typecheck", "--ui=stream", "--output-logs=errors-only"]),
    );
  },
  async unit() {
    let counts = NO_TESTS;
    for (const p of [...LAYERS, "stack", "tools"]) {
      console.log(`\n# unit: ${p}`);
      counts = add(counts, await vitest(`packages/${p}`, "unit", node));
    }
    return counts;
  },
  async deno() {
    const doors = LAYERS.map((l) => `packages/${l}/src/index.ts`);
    let counts = await step("deno check", ["deno", "check", ...doors]);
    counts = add(
      counts,
      await step("deno doc examples", [
        "deno",
        "test",
        "-A",
        "--no-check",
        "--doc",
        ...LAYERS.map((l) => `packages/${l}/src`),
      ]),
    );
    for (const l of LAYERS) {
      console.log(`\n# unit on Deno: ${l}`);
      counts = add(counts, await vitest(`packages/${l}`, "unit", deno));
    }
    return counts;
  },
  async system() {
    let counts = NO_TESTS;
    for (const l of LAYERS) {
      if (!existsSync(join(ROOT, `packages/${l}/test`))) continue;
      console.log(`\n# system: ${l}`);
      counts = add(counts, await vitest(`packages/${l}`, "system", node));
    }
    return counts;
  },
  async e2e() {
    let counts = NO_TESTS;
    for (const engine of ["node", "bun"]) {
      console.log(`\n# end to end, daemons on ${engine}`);
      counts = add(counts, await vitest("packages/stack", "system", node, { RT_TEST_ENGINE: engine }));
    }
    return counts;
  },
};

const wanted = (process.env.RT_TEST ?? Object.keys(RINGS).join()).split(",");
let total = NO_TESTS;
for (const name of wanted) {
  const ring = RINGS[name];
  if (ring === undefined)
    throw new Error(`RT_TEST: no ring ${name}: one of ${Object.keys(RINGS).join(", ")}`);
  const started = Date.now();
  const counts = await ring();
  console.log(
    `\n# ${name}: ${summary(counts).replace(/,/g, ";")} in ${Math.round((Date.now() - started) / 1000)} s`,
  );
  total = add(total, counts);
}
console.log(`\n${summary(total)}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
