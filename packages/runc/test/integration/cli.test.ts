import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Spec } from "../../src/oci.ts";
import { BUSYBOX, busyboxRootfs, testSpec, writeSpec } from "../../src/testing/bundle.ts";

const RUNC = "/usr/sbin/runc";
const missing = [RUNC, BUSYBOX].filter((path) => !existsSync(path));
const reason =
  process.getuid?.() !== 0 ? "needs root" : missing.length > 0 ? `${missing} missing` : undefined;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The same command lines for rt-runc and for runc, and what both print and return. */
describe.skipIf(reason !== undefined)(
  `command line beside runc${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), "rt-cli-"));
    const main = join(import.meta.dirname, "../../src/cli/main.ts");
    const node = ["--disable-warning=ExperimentalWarning", "--conditions=rt-source", main];
    const id = `rt-cli-${process.pid}`;
    const bun = join(import.meta.dirname, "../../../../node_modules/@oven/bun-linux-x64/bin/bun");
    /** Ours runs from source, on the engine that starts fastest. */
    const engine = existsSync(bun) ? [bun, ...node.slice(1)] : [process.execPath, ...node];

    beforeAll(() => {
      busyboxRootfs(join(directory, "rootfs"));
      bundle("sleeper", ["sleep", "100"]);
    });
    afterAll(async () => {
      for (const who of ["ours", "theirs"] as const) await call(who, ["delete", "--force", id]);
      rmSync(directory, { recursive: true, force: true });
    });

    function bundle(
      name: string,
      args: readonly string[],
      configure: (spec: Spec) => void = () => {},
    ): string {
      const path = join(directory, name);
      mkdirSync(path, { recursive: true });
      const spec = testSpec(args, (s) => {
        s.root = { path: join(directory, "rootfs") };
        configure(s);
      });
      writeSpec(path, spec);
      return path;
    }

    function call(who: "ours" | "theirs", args: readonly string[]): Promise<Outcome> {
      const root = ["--root", join(directory, `root-${who}`)];
      const [file, ...argv] = who === "ours" ? [...engine, ...root] : [RUNC, ...root];
      // The same id would be the same cgroup.
      const own = `${id}-${who}`;
      return new Promise((resolve) => {
        const options = { cwd: directory, timeout: 30_000, killSignal: "SIGKILL" } as const;
        // A container outlives create and run -d with these streams; files do not make anybody wait for their end.
        const out = join(directory, `stdout-${who}`);
        const err = join(directory, `stderr-${who}`);
        const shell = [
          "-c",
          'out=$1 err=$2; shift 2; exec "$@" </dev/null >"$out" 2>"$err"',
          "sh",
          out,
          err,
          file!,
          ...argv,
          ...args.map((word) => (word === id ? own : word)),
        ];
        execFile("/bin/sh", shell, options, (error) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
          const text = (path: string): string => readFileSync(path, "utf8").replaceAll(own, id);
          resolve({ code, stdout: text(out), stderr: text(err) });
        });
      });
    }

    /** Without time stamps, pids and what else is never the same. */
    function normalise({ code, stdout, stderr }: Outcome): Outcome {
      const plain = (text: string): string =>
        text
          .replace(/time="[^"]*"/g, "time=T")
          .replace(/"(created|time|ociVersion)": ?"[^"]*"/g, '"$1":"T"')
          .replace(/"pid": ?[1-9]\d*/g, '"pid":P')
          .replace(/\b\d{4}-\d\d-\d\dT\S+Z +/g, "T ")
          .replace(/^(\S+ +)\d+( +(?:running|created|paused))/gm, "$1P$2")
          .replace(/ +/g, " ");
      return { code, stdout: plain(stdout), stderr: plain(stderr) };
    }

    async function same(...args: string[]): Promise<Outcome> {
      const [ours, theirs] = [normalise(await call("ours", args)), normalise(await call("theirs", args))];
      expect({ args, ...ours }).toEqual({ args, ...theirs });
      return ours;
    }

    it("an unknown container", async () => {
      for (const verb of ["state", "start", "kill", "delete", "pause", "resume", "ps"]) await same(verb, id);
      await same("exec", id, "true");
      await same("delete", "--force", id);
      await same("list");
      await same("list", "-q");
      await same("list", "-f", "json");
    });

    it("an unknown command, a missing bundle, a bad format", async () => {
      await same("no-such-command");
      await same("create", "--bundle", "/rt-no-such-bundle", id);
      await same("create", "--bundle", directory, id);
      await same("list", "-f", "no-such-format");
    });

    it("the life of a container", async () => {
      const path = join(directory, "sleeper");
      await same("create", "--bundle", path, id);
      await same("create", "--bundle", path, id);
      await same("state", id);
      await same("list");
      await same("list", "-q");
      await same("exec", id, "sh", "-c", "echo created");
      await same("start", id);
      await same("start", id);
      await same("state", id);
      await same("list", "-f", "json");
      await same("delete", id);
      await same("pause", id);
      await same("pause", id);
      await same("state", id);
      await same("exec", id, "true");
      await same("start", id);
      await same("delete", id);
      await same("resume", id);
      await same("resume", id);
      await same("kill", id, "NOSUCH");
      await same("kill", id, "KILL");
      for (const who of ["ours", "theirs"] as const) {
        while (!(await call(who, ["state", id])).stdout.includes("stopped"));
      }
      for (const verb of ["state", "start", "kill", "pause", "resume"]) await same(verb, id);
      await same("exec", id, "true");
      await same("delete", id);
      await same("state", id);
    });

    it("exec", async () => {
      await same("run", "-d", "--bundle", join(directory, "sleeper"), id);
      await same("exec", id, "sh", "-c", "echo out; echo err >&2; exit 3");
      await same("exec", id, "sh", "-c", "kill -9 $$");
      await same(
        "exec",
        "--env",
        "A=b",
        "--cwd",
        "/tmp",
        "--user",
        "1000:1000",
        id,
        "sh",
        "-c",
        "env; id; readlink /proc/self/cwd",
      );
      await same("exec", "-g", "7", "-g", "8", id, "id");
      await same("exec", "--cap", "CAP_SYS_ADMIN", id, "grep", "Cap", "/proc/self/status");
      await same("exec", id, "rt-no-such-program");
      await same("exec", id, "/rt-no-such-program");
      await same("exec", id, "/etc/passwd");
      await same("exec", id, "/etc");
      await same("exec", id, "");
      await same("exec", "--cwd", "relative", id, "true");
      await same("exec", "--cwd", "/rt-no-such-directory", id, "true");
      await same("exec", "--cwd", "/etc/passwd", id, "true");
      await same("exec", "--user", "nobody", id, "true");
      await same("exec", id);
      await same("exec", "-t", id, "true");
      await same("delete", "--force", id);
    });

    it("run", async () => {
      const run = (
        name: string,
        args: readonly string[],
        configure?: (spec: Spec) => void,
      ): Promise<Outcome> => same("run", "--bundle", bundle(name, args, configure), id);
      await run("status", ["sh", "-c", "echo out; exit 7"]);
      await run("killed", ["sh", "-c", "sh -c 'kill -9 $$'; echo $?"]);
      await run("missing", ["rt-no-such-program"]);
      await run("path", ["/rt-no-such-program"]);
      await run("denied", ["/etc/passwd"]);
      await run("no-args", []);
      await run("relative-cwd", ["true"], (s) => void (s.process!.cwd = "relative"));
      await run("no-process", ["true"], (s) => void delete s.process);
      await run("no-root", ["true"], (s) => void delete s.root);
      await run("no-rootfs", ["true"], (s) => void (s.root = { path: "/rt-no-such-rootfs" }));
      await run("terminal", ["true"], (s) => void (s.process!.terminal = true));
      await run("hostname", ["true"], (s) => {
        s.linux!.namespaces = s.linux!.namespaces!.filter((n) => n.type !== "uts");
      });
      await run("twice", ["true"], (s) => void s.linux!.namespaces!.push({ type: "pid" }));
      await run("format", ["/bad"], (s) => {
        s.mounts!.push({ destination: "/bad", type: "bind", source: main, options: ["bind"] });
      });
      await same("list", "-q");
    });

    it("a log file gets JSON records", async () => {
      for (const who of ["ours", "theirs"] as const) {
        const log = join(directory, `log-${who}`);
        const outcome = await call(who, ["--log", log, "--log-format", "json", "state", id]);
        expect(outcome).toEqual({ code: 1, stdout: "", stderr: "container does not exist\n" });
        expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
          level: "error",
          msg: "container does not exist",
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        });
      }
    });

    it("spec writes a config.json, once", async () => {
      for (const who of ["ours", "theirs"] as const) {
        const path = join(directory, `spec-${who}`);
        mkdirSync(path);
        expect((await call(who, ["spec", "--bundle", path])).code).toBe(0);
      }
      const read = (who: string): Spec =>
        JSON.parse(readFileSync(join(directory, `spec-${who}/config.json`), "utf8")) as Spec;
      expect({ ...read("ours"), ociVersion: "" }).toEqual({ ...read("theirs"), ociVersion: "" });
      expect((await call("ours", ["spec", "--bundle", join(directory, "spec-ours")])).stderr).toContain(
        "File config.json exists. Remove it first",
      );
    });

    it("explain names every step and changes nothing", async () => {
      const outcome = await call("ours", ["explain", join(directory, "sleeper")]);
      expect(outcome.code).toBe(0);
      for (const step of ["clone container process", "mount proc on /proc", "pivot root", "exec"]) {
        expect(outcome.stdout).toContain(step);
      }
      expect((await call("ours", ["list", "-q"])).stdout).toBe("");
    });
  },
);
