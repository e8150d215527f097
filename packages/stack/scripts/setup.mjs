/**
 * Set-up on a machine with only Node ≥ 20 and npm: dependencies, host packages, build. Idempotent; quick when nothing is missing.
 *
 * Plain JavaScript with no dependency, because it runs before there are any. `--build-only` and `--no-apt` leave steps out.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");
const BIN = join(ROOT, "node_modules/.bin");

/** Debian packages by the program that shows they are there, and what goes missing without them. */
const HOST_PROGRAMS = [
  { program: "nft", packages: ["nftables"], for: "the bridge network" },
  { program: "ip", packages: ["iproute2"], for: "network tests" },
  { program: "busybox", packages: ["busybox-static"], for: "the shell image" },
  { program: "ps", packages: ["procps"], for: "docker top" },
  { program: "runc", packages: ["runc"], for: "tests against the real runc" },
  { program: "containerd", packages: ["containerd"], for: "tests against the real containerd, ctr and shim" },
  { program: "dockerd", packages: ["docker.io"], for: "tests against the real dockerd" },
  { program: "docker-registry", packages: ["docker-registry"], for: "pull and push tests" },
  { program: "strace", packages: ["strace"], for: "the explain test" },
];

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function run(program, args, options = {}) {
  const done = spawnSync(program, args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    ...options,
  });
  return {
    ok: done.status === 0,
    text: `${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}`,
  };
}

function die(line, detail) {
  if (detail) process.stderr.write(`${detail.trimEnd().split("\n").slice(-40).join("\n")}\n`);
  say(line);
  process.exit(1);
}

/** Installs the npm dependencies unless the lock file and manifests are those of the last install. */
function installDependencies() {
  const version = /^ {2}pnpm: (\S+)$/m.exec(readFileSync(join(ROOT, "pnpm-workspace.yaml"), "utf8"))?.[1];
  const inputs = ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml"].concat(
    ["oci-spec", "runc", "shim", "containerd", "dockerd", "cri", "stack", "tools"].map(
      (p) => `packages/${p}/package.json`,
    ),
  );
  const hash = createHash("sha256");
  for (const f of inputs) hash.update(readFileSync(join(ROOT, f)));
  const stamp = hash.digest("hex");
  const marker = join(ROOT, "node_modules/.rt-setup");
  if (existsSync(marker) && readFileSync(marker, "utf8") === stamp) return;
  say("installing npm packages");
  const done = run("npx", ["-y", `pnpm@${version}`, "install", "--frozen-lockfile"]);
  if (!done.ok) die("cannot install the npm packages: pnpm install failed", done.text);
  writeFileSync(marker, stamp);
}

function inPath(program) {
  const path = `${process.env.PATH ?? ""}:/usr/sbin:/sbin:/usr/local/sbin`;
  return path.split(":").some((dir) => existsSync(join(dir, program)));
}

/** Installs missing Debian packages where apt and root are there; says what stays missing otherwise. Never fatal. */
function installHostPrograms() {
  const missing = HOST_PROGRAMS.filter((h) => !inPath(h.program));
  if (missing.length === 0) return;
  const names = missing.flatMap((m) => m.packages);
  if (process.getuid?.() !== 0 || !inPath("apt-get")) {
    say(`to install by hand for ${missing.map((m) => m.for).join(", ")}: ${names.join(" ")}`);
    return;
  }
  say(`installing Debian packages: ${names.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-q"], { env });
  const done = run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...names], { env });
  if (!done.ok) say(`apt-get could not install ${names.join(" ")}; what needs them is skipped`);
}

function build() {
  const done = run(join(BIN, "turbo"), ["run", "build", "--ui=stream", "--output-logs=errors-only"], {
    env: { ...process.env, PATH: `${BIN}:${process.env.PATH}`, TURBO_TELEMETRY_DISABLED: "1" },
  });
  if (!done.ok) die("cannot build the packages: turbo run build failed", done.text);
}

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) die(`needs Node 20 or newer, this is ${process.version}`);
try {
  execFileSync("npm", ["--version"], { stdio: "ignore" });
} catch {
  die("needs npm in PATH");
}
installDependencies();
if (!process.argv.includes("--no-apt")) installHostPrograms();
if (!process.argv.includes("--no-build")) {
  say("building");
  build();
}
