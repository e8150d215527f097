import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { compose } from "../../src/compose.ts";
import { spawnKernel } from "../../src/host/spawn_kernel.ts";
import type { Spec } from "../../src/oci.ts";
import { BUSYBOX, busyboxRootfs, testSpec } from "../../src/testing/bundle.ts";

const reason =
  process.getuid?.() !== 0 ? "needs root" : existsSync(BUSYBOX) ? undefined : `${BUSYBOX} missing`;

/** Attacks on runtimes that were real, each by a hostile image or configuration. */
describe.skipIf(reason !== undefined)(
  `hostile bundles${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), "rt-hostile-"));
    const kernel = spawnKernel();
    const state = join(directory, "state");
    const runtime = compose({ root: state, kernel });
    const victim = join(directory, "victim");
    let rootfs = "";
    let count = 0;

    beforeEach(() => {
      rootfs = join(directory, `rootfs-${++count}`);
      busyboxRootfs(rootfs);
      rmSync(victim, { recursive: true, force: true });
      mkdirSync(victim);
    });
    afterAll(async () => {
      await kernel[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    });

    /** Runs `script`; what it wrote, or the error of create. */
    async function attempt(script: string, configure: (spec: Spec) => void = () => {}): Promise<string> {
      const id = `rt-hostile-${process.pid}-${++count}`;
      const out = join(directory, `out-${count}`);
      writeFileSync(out, "");
      const file = { kind: "file", path: out, append: true } as const;
      const spec = testSpec(["sh", "-c", script], (s) => {
        s.root = { path: rootfs };
        configure(s);
      });
      try {
        const io = { stdout: file, stderr: file };
        const { exited } = await runtime.createStarted({ id, bundle: directory, spec, io });
        await exited;
      } finally {
        await runtime.delete({ id, force: true });
      }
      return readFileSync(out, "utf8");
    }

    it("/proc as a symbolic link is refused (CVE-2023-27561)", async () => {
      rmSync(join(rootfs, "proc"), { recursive: true });
      symlinkSync("/tmp", join(rootfs, "proc"));
      await expect(attempt("true")).rejects.toThrow("cannot open mount target /proc: ELOOP");
      expect(readdirSync(state)).toEqual([]);
    });

    it("/dev as a symbolic link out of the image stays in the image (CVE-2026-41579)", async () => {
      rmSync(join(rootfs, "dev"), { recursive: true });
      symlinkSync(`../../../../../../..${victim}`, join(rootfs, "dev"));
      await attempt("true").catch(() => undefined);
      expect(readdirSync(victim)).toEqual([]);
    });

    it("a mount target through a symbolic link stays in the image (CVE-2021-30465)", async () => {
      symlinkSync(`../../../../../../..${victim}`, join(rootfs, "data"));
      mkdirSync(join(rootfs, victim), { recursive: true });
      const out = await attempt("cat /data/deep/file", (spec) => {
        const source = join(directory, "source");
        mkdirSync(source, { recursive: true });
        writeFileSync(join(source, "file"), "content");
        spec.mounts!.push({ destination: "/data/deep", type: "bind", source, options: ["bind"] });
      });
      expect(out).toBe("content");
      expect(readdirSync(victim)).toEqual([]);
    });

    it("nothing can be mounted inside /proc, by a link either (CVE-2019-19921)", async () => {
      symlinkSync("/proc/self", join(rootfs, "innocent"));
      for (const destination of ["/proc/self/attr", "/proc/sys", "/innocent/attr", "/proc"]) {
        const mount = { destination, type: "tmpfs", source: "tmpfs" };
        await expect(attempt("true", (spec) => void spec.mounts!.push(mount))).rejects.toThrow(
          /is inside \/proc|XDEV/,
        );
      }
      expect(readdirSync(state)).toEqual([]);
    });

    it("no descriptor of ours is a way out by the working directory (CVE-2024-21626)", async () => {
      for (const how of ["create", "exec"] as const) {
        const escapes: string[] = [];
        for (let fd = 3; fd < 24; fd++) {
          const cwd = `/proc/self/fd/${fd}`;
          if (how === "create") {
            const shown = await attempt("pwd; ls ../..", (spec) => void (spec.process!.cwd = cwd)).catch(
              () => "refused",
            );
            if (shown !== "refused") escapes.push(`${cwd}: ${shown}`);
          }
        }
        expect(escapes).toEqual([]);
      }
    });

    it("no descriptor of ours is a way out by the working directory of an exec", async () => {
      const id = `rt-hostile-${process.pid}-exec`;
      const spec = testSpec(["sleep", "100"], (s) => void (s.root = { path: rootfs }));
      await runtime.createStarted({ id, bundle: directory, spec });
      try {
        for (let fd = 3; fd < 24; fd++) {
          const outside = { ...testSpec(["true"]).process!, cwd: `/proc/self/fd/${fd}` };
          await expect(runtime.exec({ id, process: outside })).rejects.toThrow(/chdir|verify cwd/);
        }
      } finally {
        await runtime.delete({ id, force: true });
      }
    });

    it("a masked file is masked whatever the image says /dev/null is (CVE-2025-31133)", async () => {
      const secret = join(directory, "secret");
      writeFileSync(secret, "secret");
      const out = await attempt("wc -c < /proc/keys; test -c /proc/keys && echo device", (spec) => {
        spec.mounts = spec.mounts!.filter(
          (m) => m.destination !== "/dev" && !m.destination.startsWith("/dev/"),
        );
        unlinkSync(join(rootfs, "etc/group"));
        writeFileSync(join(rootfs, "dev/target"), "kept");
        symlinkSync("target", join(rootfs, "dev/null"));
      });
      expect(out).toBe("0\ndevice\n");
      expect(readFileSync(join(rootfs, "dev/target"), "utf8")).toBe("kept");
    });

    it("a terminal is not opened from a /dev/pts that is no devpts (CVE-2025-52565)", async () => {
      const id = `rt-hostile-${process.pid}-pts`;
      const spec = testSpec(["true"], (s) => {
        s.root = { path: rootfs };
        s.process!.terminal = true;
        s.mounts = s.mounts!.filter((m) => !m.destination.startsWith("/dev"));
      });
      mkdirSync(join(rootfs, "dev/pts"));
      writeFileSync(join(rootfs, "dev/pts/ptmx"), "");
      const io = { console: { kind: "relay", stdout: join(directory, "tty") } } as const;
      writeFileSync(join(directory, "tty"), "");
      await expect(runtime.create({ id, bundle: directory, spec, io })).rejects.toThrow(
        "/dev/pts is not a devpts",
      );
    });

    it("the interpreter of a container that waits cannot be read or written from inside (CVE-2019-5736)", async () => {
      const id = `rt-hostile-${process.pid}-exe`;
      const out = join(directory, "exe");
      writeFileSync(out, "");
      const spec = testSpec(["true"], (s) => void (s.root = { path: rootfs }));
      await runtime.create({ id, bundle: directory, spec });
      try {
        const script = [
          "cat /proc/1/exe > /tmp/copy && echo read",
          "true >> /proc/1/exe && echo written",
          "for fd in $(ls /proc/1/fd); do readlink /proc/1/fd/$fd && echo seen; true < /proc/1/fd/$fd && echo opened; done",
          "echo done",
        ].join("; ");
        const process = testSpec(["sh", "-c", script]).process!;
        const { exited } = await runtime.exec({ id, process, io: { stdout: { kind: "file", path: out } } });
        await exited;
        expect(readFileSync(out, "utf8")).toBe("done\n");
      } finally {
        await runtime.delete({ id, force: true });
      }
    });

    it("a process in a container holds the three standard descriptors and no other", async () => {
      expect(await attempt("ls /proc/1/fd; true")).toBe("0\n1\n2\n");
    });

    it("root of a user namespace is nobody outside, and still sees its mounts", async () => {
      const source = join(directory, "private/volume");
      mkdirSync(source, { recursive: true, mode: 0o755 });
      writeFileSync(join(source, "file"), "content\n");
      const out = await attempt(
        "id -u; cat /mnt/file; cat /proc/self/uid_map; touch /root/x 2>/dev/null || echo denied",
        (spec) => {
          mkdirSync(join(rootfs, "mnt"));
          const mapping = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
          spec.linux!.namespaces!.push({ type: "user" });
          spec.linux!.uidMappings = mapping;
          spec.linux!.gidMappings = mapping;
          spec.mounts!.push({ destination: "/mnt", type: "bind", source, options: ["bind", "ro"] });
        },
      );
      expect(out.split("\n").map((line) => line.trim().replace(/\s+/g, " "))).toEqual([
        "0",
        "content",
        "0 100000 65536",
        "denied",
        "",
      ]);
    });
  },
);
