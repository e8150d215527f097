#!/usr/bin/env node
/**
 * rt-docker-init: writes the generated init executable, or runs a command under it.
 *
 * `rt-docker-init --emit FILE [--arch x64|arm64]` writes the static executable that stands as `/sbin/docker-init` in
 * containers. Anything else is passed to it: `rt-docker-init [--] COMMAND [ARG…]`, `--version`.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { type Arch, initElf } from "@rt/containerd/kernel";

const FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

/** Writes the executable for the architecture asked for. */
function emit(argv: readonly string[]): number {
  const [, path, flag, arch = process.arch] = argv;
  if (
    path === undefined ||
    (flag !== undefined && flag !== "--arch") ||
    (arch !== "x64" && arch !== "arm64")
  ) {
    console.error("usage: rt-docker-init --emit FILE [--arch x64|arm64]");
    return 2;
  }
  writeFileSync(path, initElf(arch), { mode: 0o755 });
  return 0;
}

/** Runs the executable with our descriptors and passes signals and status on. */
async function runUnder(argv: readonly string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "rt-docker-init-"));
  const file = join(dir, "docker-init");
  try {
    writeFileSync(file, initElf(process.arch as Arch), { mode: 0o755 });
    const child = spawn(file, [...argv], { stdio: "inherit" });
    for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const argv = process.argv.slice(2);
process.exitCode = argv[0] === "--emit" ? emit(argv) : await runUnder(argv);
