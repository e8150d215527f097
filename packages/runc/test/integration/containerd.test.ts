import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX, busyboxRootfs } from "../../src/testing/bundle.ts";

const NEEDED = [
  "/usr/bin/containerd",
  "/usr/bin/ctr",
  "/usr/bin/containerd-shim-runc-v2",
  BUSYBOX,
  "/usr/bin/script",
];
const missing = NEEDED.filter((path) => !existsSync(path));
const reason =
  process.getuid?.() !== 0 ? "needs root" : missing.length > 0 ? `${missing} missing` : undefined;
const IMAGE = "docker.io/rt/busybox:1";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(file: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { timeout: 30_000, killSignal: "SIGKILL" },
      (err, stdout, stderr) => {
        resolve({ code: err === null ? 0 : typeof err.code === "number" ? err.code : -1, stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}

/** Makes an OCI image layout of the root file system and packs it. */
async function makeImage(directory: string): Promise<string> {
  busyboxRootfs(join(directory, "rootfs"));
  const tar = join(directory, "layer.tar");
  await command("tar", ["-C", join(directory, "rootfs"), "-cf", tar, "."]);
  const blobs = join(directory, "oci/blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Uint8Array): { digest: string; size: number } => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const layer = put(readFileSync(tar));
  const config = put(
    json({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Env: ["PATH=/bin"], Cmd: ["sh"] },
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
  );
  const type = (kind: string): string => `application/vnd.oci.image.${kind}`;
  const manifest = put(
    json({
      schemaVersion: 2,
      mediaType: type("manifest.v1+json"),
      config: { mediaType: type("config.v1+json"), ...config },
      layers: [{ mediaType: type("layer.v1.tar"), ...layer }],
    }),
  );
  writeFileSync(join(directory, "oci/oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { "io.containerd.image.name": IMAGE };
  const manifests = [{ mediaType: type("manifest.v1+json"), ...manifest, annotations }];
  writeFileSync(join(directory, "oci/index.json"), json({ schemaVersion: 2, manifests }));
  const image = join(directory, "image.tar");
  await command("tar", ["-C", join(directory, "oci"), "-cf", image, "."]);
  return image;
}

describe.skipIf(reason !== undefined)(
  `rt-runc under containerd-shim-runc-v2${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), "rt-ctd-"));
    const socket = join(directory, "c.sock");
    const runtime = join(directory, "rt-runc");
    const prefix = `rt-ctd-${process.pid}`;
    let daemon: ReturnType<typeof spawn> | undefined;
    let count = 0;

    const ctr = (...args: string[]): Promise<Outcome> => command("/usr/bin/ctr", ["-a", socket, ...args]);
    /** ctr with a terminal of its own. */
    const ctrTerminal = (...args: string[]): Promise<Outcome> => {
      const quoted = ["/usr/bin/ctr", "-a", socket, ...args].map((word) => `'${word}'`).join(" ");
      return command("/usr/bin/script", ["-qec", quoted, "/dev/null"]);
    };
    const id = (): string => `${prefix}-${++count}`;
    const RUN = ["--runc-binary", runtime, "--snapshotter", "native"];

    beforeAll(async () => {
      const main = join(import.meta.dirname, "../../src/cli/main.ts");
      const flags = "--disable-warning=ExperimentalWarning --conditions=rt-source";
      writeFileSync(runtime, `#!/bin/sh\nexec ${process.execPath} ${flags} ${main} "$@"\n`);
      chmodSync(runtime, 0o755);
      writeFileSync(
        join(directory, "config.toml"),
        [
          "version = 2",
          `root = "${directory}/root"`,
          `state = "${directory}/state"`,
          'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
          `[grpc]\naddress = "${socket}"`,
        ].join("\n"),
      );
      daemon = spawn("/usr/bin/containerd", ["-c", join(directory, "config.toml")], { stdio: "ignore" });
      for (let i = 0; i < 200 && (await ctr("version")).code !== 0; i++) await sleep(50);
      const image = await ctr("images", "import", await makeImage(directory));
      expect(image).toMatchObject({ code: 0 });
    });

    afterAll(async () => {
      if (daemon !== undefined && daemon.exitCode === null) {
        const ended = new Promise((resolve) => daemon?.once("exit", resolve));
        daemon.kill("SIGTERM");
        await ended;
      }
      rmSync(directory, { recursive: true, force: true });
    });

    it("runs a container and hands on its output and exit status", async () => {
      const outcome = await ctr(
        "run",
        "--rm",
        ...RUN,
        IMAGE,
        id(),
        "sh",
        "-c",
        "echo hello; echo bad >&2; exit 5",
      );
      expect(outcome).toEqual({ code: 5, stdout: "hello\n", stderr: "bad\n" });
    });

    it("runs a container with a terminal", async () => {
      const script = "tty; test -c /dev/console && echo console; exit 3";
      const outcome = await ctrTerminal("run", "-t", "--rm", ...RUN, IMAGE, id(), "sh", "-c", script);
      expect(outcome.code).toBe(3);
      expect(outcome.stdout).toMatch(/\/dev\/pts\/0\r+\nconsole\r+\n/);
    });

    it("tells which program is not there, and leaves nothing", async () => {
      const outcome = await ctr("run", "--rm", ...RUN, IMAGE, id(), "rt-no-such-program");
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain(
        'exec: "rt-no-such-program": executable file not found in $PATH: unknown',
      );
      expect((await ctr("tasks", "ls", "-q")).stdout).toBe("");
    });

    it("executes in a container, pauses, resumes, kills and deletes it", async () => {
      const name = id();
      expect((await ctr("run", "-d", ...RUN, IMAGE, name, "sleep", "100")).code).toBe(0);
      const exec = await ctr("tasks", "exec", "--exec-id", "e1", name, "sh", "-c", "echo inside; exit 4");
      expect(exec).toMatchObject({ code: 4, stdout: "inside\n" });
      const terminal = await ctrTerminal(
        "tasks",
        "exec",
        "-t",
        "--exec-id",
        "e2",
        name,
        "sh",
        "-c",
        "tty; exit 6",
      );
      expect(terminal.code).toBe(6);
      expect(terminal.stdout).toContain("/dev/pts/0");
      const unknown = await ctr("tasks", "exec", "--exec-id", "e3", name, "rt-no-such-program");
      expect(unknown.stderr).toContain('exec: "rt-no-such-program": executable file not found in $PATH');
      expect((await ctr("tasks", "pause", name)).code).toBe(0);
      expect((await ctr("tasks", "ls")).stdout).toContain("PAUSED");
      expect((await ctr("tasks", "resume", name)).code).toBe(0);
      expect((await ctr("tasks", "ls")).stdout).toContain("RUNNING");
      expect((await ctr("tasks", "kill", "-s", "SIGKILL", name)).code).toBe(0);
      for (let i = 0; i < 100 && !(await ctr("tasks", "ls")).stdout.includes("STOPPED"); i++) await sleep(50);
      expect((await ctr("tasks", "rm", name)).stderr).toContain("137");
      expect((await ctr("containers", "rm", name)).code).toBe(0);
    });

    it("leaves no cgroup and no state behind", () => {
      const left = readdirSync("/sys/fs/cgroup").flatMap((controller) => {
        const path = join("/sys/fs/cgroup", controller, "default");
        return existsSync(path) ? readdirSync(path).filter((name) => name.startsWith(prefix)) : [];
      });
      expect(left).toEqual([]);
      const tasks = join(directory, "state/io.containerd.runtime.v2.task/default");
      expect(existsSync(tasks) ? readdirSync(tasks) : []).toEqual([]);
    });
  },
);
