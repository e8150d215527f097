/**
 * `vm --machine NAME [--timeout SECONDS] [--cwd DIR] [--env NAME=VALUE]… -- COMMAND…`: runs a command of the repository
 * in a small virtual machine, and exits as it does; 125 if the machine fails.
 *
 * @module
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { MACHINES } from "./machine.ts";
import { runInVm, VmError } from "./run.ts";

/** The repository. */
const ROOT: string = resolve(import.meta.dirname, "../../../..");

/** Exit status if the machine itself fails. */
const MACHINE_FAILED = 125;

function usage(): string {
  const machines = MACHINES.map((m) => `  ${m.name.padEnd(14)} ${m.summary}`);
  return `usage: vm --machine NAME [--timeout SECONDS] [--cwd DIR] [--env NAME=VALUE]... -- COMMAND...\n${machines.join("\n")}`;
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      machine: { type: "string", default: "cgroup2-x64" },
      timeout: { type: "string", default: "120" },
      cwd: { type: "string", default: ROOT },
      env: { type: "string", multiple: true, default: [] },
      cache: { type: "string", default: process.env.RT_VM_CACHE ?? join(homedir(), ".cache/rt-vm") },
      verbose: { type: "boolean", default: false },
    },
  });
  const machine = MACHINES.find(({ name }) => name === values.machine);
  if (machine === undefined || positionals.length === 0) {
    console.error(usage());
    return MACHINE_FAILED;
  }
  const result = await runInVm({
    machine,
    command: positionals,
    repository: ROOT,
    cwd: resolve(values.cwd),
    env: Object.fromEntries(
      values.env.map((item) => [item.split("=")[0], item.slice(item.indexOf("=") + 1)]),
    ),
    cacheDir: values.cache,
    timeoutMs: Number(values.timeout) * 1000,
    onOutput: (text) => process.stdout.write(text),
  });
  if (values.verbose) console.error(`vm: boot ${result.bootMs} ms, all ${result.wallMs} ms`);
  return result.status;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (err) {
  console.error(err instanceof VmError ? err.message : err);
  process.exitCode = MACHINE_FAILED;
}
