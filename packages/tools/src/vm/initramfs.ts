/**
 * The guest's first root file system: busybox, the modules that reach the shared folders, and the two scripts.
 *
 * @module
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { GuestKernel } from "./kernel.ts";
import { modulesToLoad } from "./kernel.ts";
import { type CpioEntry, directoryEntry, FILE_TYPE, fileEntry, newcArchive, symlinkEntry } from "./newc.ts";

/** Modules without which the guest sees neither its folders nor its port; all others it loads from the shared folder. */
const FIRST_MODULES: readonly string[] = [
  "virtio_pci",
  "virtio_mmio",
  "virtio_console",
  "9pnet_virtio",
  "9p",
  "overlay",
];

/** What the guest's scripts are told. */
export interface GuestRequest {
  /** Begins the guest's own lines, see `markers.ts`. */
  readonly nonce: string;
  /** What becomes the guest's first process. */
  readonly init: "shell" | "systemd";
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** Working directory of the command. */
  readonly cwd: string;
  /** Environment of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** When the guest powers off by itself, in case nobody is there to end it. Seconds. */
  readonly limitSeconds: number;
  /** Where each shared folder appears, by tag. */
  readonly folders: Readonly<Record<string, string>>;
  /** Files of the host's /etc that the guest gets. */
  readonly etc: readonly string[];
}

/** Quotes a word for the shell. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The file `/vm/request` that the guest's scripts read, as shell assignments and functions. */
export function requestScript(request: GuestRequest): string {
  const env = Object.entries(request.env).map(([key, value]) => `export ${key}=${shellQuote(value)}`);
  return [
    `NONCE=${shellQuote(request.nonce)}`,
    `INIT=${request.init}`,
    `LIMIT=${request.limitSeconds}`,
    `FOLDERS=${shellQuote(
      Object.entries(request.folders)
        .map(([tag, path]) => `${tag}:${path}`)
        .join(" "),
    )}`,
    "run_command() {",
    ...env.map((line) => `  ${line}`),
    `  cd ${shellQuote(request.cwd)} && exec ${request.command.map(shellQuote).join(" ")}`,
    "}",
    "",
  ].join("\n");
}

/** Entries of a file or folder of the host, below `path` in the archive. */
function hostEntries(source: string, path: string): CpioEntry[] {
  const stat = lstatSync(source);
  if (stat.isSymbolicLink()) return [symlinkEntry(path, readlinkSync(source))];
  if (!stat.isDirectory()) return [fileEntry(path, readFileSync(source), stat.mode & 0o777)];
  const below = readdirSync(source).flatMap((name) => hostEntries(join(source, name), `${path}/${name}`));
  return [directoryEntry(path), ...below];
}

/** The archive for one run. */
export function buildInitramfs(kernel: GuestKernel, busybox: string, request: GuestRequest): Uint8Array {
  const modules = modulesToLoad(kernel, FIRST_MODULES);
  const script = (name: string): string => readFileSync(join(import.meta.dirname, "guest", name), "utf8");
  return newcArchive([
    ...["dev", "proc", "sys", "bin", "vm", "vm/modules", "vm/etc", "new"].map((dir) => directoryEntry(dir)),
    { path: "dev/console", mode: FILE_TYPE.character | 0o600, device: { major: 5, minor: 1 } },
    fileEntry("bin/busybox", readFileSync(busybox), 0o755),
    fileEntry("init", script("init.sh"), 0o755),
    fileEntry("vm/start", script("start.sh"), 0o755),
    fileEntry("vm/run", script("run.sh"), 0o755),
    fileEntry("vm/request", requestScript(request)),
    ...modules.map((path, i) =>
      fileEntry(`vm/modules/${String(i).padStart(2, "0")}.ko`, readFileSync(join(kernel.modules, path))),
    ),
    ...request.etc.flatMap((name) => hostEntries(join("/etc", name), `vm/etc/${name}`)),
  ]);
}
