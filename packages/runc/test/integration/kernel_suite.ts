/**
 * What every kernel port must do, run on each of them.
 *
 * @module
 */
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Kernel, LaunchRecord, Program, TraceStep } from "../../src/kernel.ts";
import { ProgramBuilder, run } from "../../src/kernel.ts";

/** What a suite is run on. */
export interface KernelSuiteOptions {
  /** Makes the port. */
  readonly make: () => Promise<Kernel>;
  /** How many launches in a row the leak test makes. */
  readonly launches: number;
  /** Whether descriptors that programs inherit can be looked at in /proc (not under an emulator). @default {true} */
  readonly native?: boolean;
}

function program(build: (p: ProgramBuilder) => void): Program {
  const p = new ProgramBuilder();
  build(p);
  return p.build();
}

const pidProgram = program((p) => {
  p.value(1, p.sys("getpid", []));
  p.exit(7);
});

/** Declares the suite. */
export function kernelSuite({ make, launches, native = true }: KernelSuiteOptions): void {
  let kernel: Kernel;
  let directory: string;
  beforeAll(async () => {
    kernel = await make();
    directory = mkdtempSync(join(tmpdir(), "rt-kernel-"));
  });
  afterAll(async () => {
    await kernel[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  it("runs a program in a process of its own and reports its exit code", async () => {
    const { pid, values, code } = await run(kernel, pidProgram);
    expect(values.get(1)).toBe(BigInt(pid));
    expect(pid).not.toBe(process.pid);
    expect(code).toBe(7);
  });

  it("reports the signal that ended a process", async () => {
    const launch = await kernel.launch(program((p) => void p.sys("kill", [p.sys("getpid", []), 15])));
    expect(await launch.exited).toEqual({ code: 0, signal: 15 });
  });

  it("computes: loop, branch, load, store, arithmetic, decimal", async () => {
    const { values, data } = await run(
      kernel,
      program((p) => {
        const [sum, i] = [p.slot(), p.slot()];
        p.loop((leave) => {
          p.branch("gt", i, 100, leave);
          p.arith("add", sum, i, { into: sum });
          p.arith("add", i, 1, { into: i });
        });
        p.value(1, sum);
        const memory = p.bss(16);
        p.store("u64", memory, 0, -1);
        p.store("u16", memory, 2, 0x1234);
        p.value(2, p.load("u32", memory));
        p.value(3, p.load("i32", memory, 4));
        p.value(4, p.arith("div", 1000, 7));
        p.value(5, p.arith("shl", 3, 40));
        p.value(6, p.arith("mul", -6, 7));
        const text = p.bss(24);
        p.data(7, text, p.formatDecimal(18_446_744_073_709_551_615n, text));
        p.value(8, p.parseDecimal(p.cstring("4096xyz"), 7));
        p.value(9, p.parseDecimal(p.cstring("no"), 2, { onError: "ignore" }));
        const copy = p.bss(8);
        p.copy(copy, p.cstring("copied"), 6);
        p.data(10, copy, 6);
      }),
    );
    const text = (tag: number): string => new TextDecoder().decode(data.get(tag));
    expect([1, 2, 3, 4, 5, 6, 8, 9].map((tag) => values.get(tag))).toEqual([
      5050n,
      0x1234ffffn,
      -1n,
      142n,
      3n << 40n,
      -42n,
      4096n,
      -22n,
    ]);
    expect(text(7)).toBe("18446744073709551615");
    expect(text(10)).toBe("copied");
  });

  it("forks and waits", async () => {
    const { values } = await run(
      kernel,
      program((p) => {
        const status = p.bss(8);
        const child = p.fork(() => p.exit(5));
        p.value(1, child);
        p.value(2, p.sys("wait4", [child, status, 0, 0]));
        p.value(3, p.load("u32", status));
      }),
    );
    expect(values.get(2)).toBe(values.get(1));
    expect(values.get(3)).toBe(5n << 8n);
  });

  it("names the step that failed, in a child too", async () => {
    const failing = program((p) => {
      p.sys("getpid", []);
      p.sys("openat", [-100, p.cstring("/rt/nowhere"), 0, 0], { name: "open /rt/nowhere" });
    });
    await expect(run(kernel, failing)).rejects.toMatchObject({
      message: "cannot open /rt/nowhere: ENOENT",
      code: "NOT_FOUND",
      syscall: "openat",
      errno: 2,
    });
    const child = program((p) => {
      const pid = p.fork(() => void p.sys("chdir", [p.cstring("/proc/self/exe")], { name: "enter nothing" }));
      p.sys("wait4", [pid, 0, 0, 0]);
    });
    await expect(run(kernel, child)).rejects.toThrow("cannot enter nothing: ENOTDIR");
  });

  it("follows each policy: tolerate, ignore, jump, jump on listed errnos, fail", async () => {
    const missing = (p: ProgramBuilder, options: object) =>
      p.sys("openat", [-100, p.cstring("/rt/none"), 0, 0], options);
    const { values } = await run(
      kernel,
      program((p) => {
        p.value(1, missing(p, { tolerate: ["EPERM", "ENOENT"] }));
        p.value(2, missing(p, { onError: "ignore" }));
        const [jumped, listed] = [p.label(), p.label()];
        missing(p, { onError: jumped });
        p.value(3, 1);
        p.place(jumped);
        missing(p, { onErrno: { errnos: ["ENOENT"], goto: listed } });
        p.value(4, 1);
        p.place(listed);
        p.value(5, 1);
      }),
    );
    expect([...values]).toEqual([
      [1, -2n],
      [2, -2n],
      [5, 1n],
    ]);
    const other = program((p) => {
      missing(p, { name: "open it", onErrno: { errnos: ["EPERM"], goto: p.place() } });
    });
    await expect(run(kernel, other)).rejects.toThrow("cannot open it: ENOENT");
    const tolerant = program((p) => {
      missing(p, { name: "open it", tolerate: ["EPERM"] });
    });
    await expect(run(kernel, tolerant)).rejects.toThrow("cannot open it: ENOENT");
  });

  it("reports failures of its own making", async () => {
    const failing = program((p) => p.fail("find a rootfs", 2));
    await expect(run(kernel, failing)).rejects.toThrow("cannot find a rootfs: ENOENT");
  });

  it("reports data of any size, whole", async () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) & 255);
    const { data } = await run(
      kernel,
      program((p) => {
        const data = p.bytes(bytes);
        p.data(1, data, 1);
        p.data(2, data, bytes.length);
        p.data(3, data, 4072);
        p.data(4, data, 4073);
      }),
    );
    expect([1, 2, 3, 4].map((tag) => data.get(tag)?.length)).toEqual([1, 200_000, 4072, 4073]);
    expect(Buffer.compare(data.get(2)!, bytes)).toBe(0);
  });

  it("hands stdio, working directory and extra descriptors to what is executed, and nothing else", async () => {
    const out = join(directory, "out");
    const extra = openSync("/etc/passwd", "r");
    try {
      const list = program((p) => {
        const script = "pwd; cat; cat <&5 | head -n 1; for fd in /proc/self/fd/*; do echo $fd; done";
        p.sys("execve", [
          p.cstring("/bin/sh"),
          p.vector(["sh", "-c", script]),
          p.vector(["PATH=/bin:/usr/bin"]),
        ]);
      });
      writeFileSync(join(directory, "in"), "input\n");
      const { code } = await run(kernel, list, {
        stdio: [{ path: join(directory, "in") }, { path: out, access: "append" }, "ignore"],
        cwd: "/etc",
        fds: [extra],
      });
      expect(code).toBe(0);
      const lines = readFileSync(out, "utf8").trim().split("\n");
      expect(lines.slice(0, 3)).toEqual([
        "/etc",
        "input",
        readFileSync("/etc/passwd", "utf8").split("\n")[0],
      ]);
      // 3 is the directory that the shell reads.
      if (native) expect(lines.slice(3).filter((fd) => !/\/(0|1|2|3|5)$/.test(fd))).toEqual([]);
    } finally {
      closeSync(extra);
    }
  });

  it("rejects when the working directory or a stdio path is missing", async () => {
    await expect(run(kernel, pidProgram, { cwd: "/rt/nowhere" })).rejects.toThrow("cannot");
    const stdio = [{ path: "/rt/nowhere" }, "ignore", "ignore"] as const;
    await expect(run(kernel, pidProgram, { stdio })).rejects.toThrow("ENOENT");
  });

  it("kills the process when the signal is aborted", async () => {
    const abort = new AbortController();
    const waiting = run(
      kernel,
      program((p) => void p.sys("ppoll", [0, 0, 0, 0, 0])),
      { signal: abort.signal },
    );
    setTimeout(() => abort.abort(), 50);
    await expect(waiting).rejects.toMatchObject({ code: "CANCELED" });
  });

  it("is not dumpable unless the program says so", async () => {
    const dumpable = async (options: { dumpable: boolean }): Promise<bigint | undefined> => {
      const p = new ProgramBuilder(options);
      p.value(1, p.sys("prctl", [3]));
      return (await run(kernel, p.build())).values.get(1);
    };
    if (native)
      expect([await dumpable({ dumpable: false }), await dumpable({ dumpable: true })]).toEqual([0n, 1n]);
  });

  it("traces every operation, in the child that execs too", async () => {
    const steps: TraceStep[] = [];
    const p = new ProgramBuilder({ trace: true });
    p.sys("getpid", [], { name: "first" });
    const child = p.fork(() => {
      p.sys("execve", [p.cstring("/bin/true"), p.vector(["true"]), p.vector([])], { name: "exec" });
    });
    p.sys("wait4", [child, 0, 0, 0], { name: "last" });
    p.exit(0);
    await run(kernel, p.build(), { onTrace: (some) => steps.push(...some) });
    const names = steps.map((step) => step.name);
    expect(names).toEqual(expect.arrayContaining(["first", "exec", "last"]));
    expect(steps.every((step) => step.startNs > 0n)).toBe(true);
  });

  it("gives late records of descendants to onLate", async () => {
    const late = Promise.withResolvers<LaunchRecord>();
    const p = new ProgramBuilder();
    const pause = p.struct(16).u64(8, 100_000_000).data;
    p.fork(() => {
      p.sys("nanosleep", [pause, 0]);
      p.value(2, 22);
    });
    p.value(1, 11);
    const { values } = await run(kernel, p.build(), { onLate: late.resolve });
    expect([...values]).toEqual([[1, 11n]]);
    expect(await late.promise).toEqual({ kind: "value", tag: 2, value: 22n });
  });

  it("runs many at once and in a row, and leaves no descriptor and no file", async () => {
    const all = await Promise.all(Array.from({ length: 40 }, () => run(kernel, pidProgram)));
    expect(new Set(all.map((r) => r.values.get(1))).size).toBe(40);
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < launches; i++) {
      const { values, code } = await run(kernel, pidProgram);
      if (values.size !== 1 || code !== 7)
        throw new Error(`launch ${i}: ${values.size} values, code ${code}`);
    }
    if (native) expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
    expect(
      ["/run", "/dev/shm"].flatMap((d) => readdirSync(d)).filter((name) => name.startsWith(".rt-")),
    ).toEqual([]);
  });

  describe("bad images", () => {
    it("an image for another machine is refused and nothing runs", async () => {
      const loading = program((p) => {
        const fd = p.sys("openat", [-100, p.cstring("/etc/passwd"), 0, 0]);
        p.loadImage(fd, { name: "load passwd" });
      });
      await expect(run(kernel, loading)).rejects.toThrow("cannot load passwd: ENOEXEC");
    });

    it("memory that is no image is not entered", async () => {
      await expect(
        run(
          kernel,
          program((p) => p.enter(p.bss(64))),
        ),
      ).rejects.toThrow("cannot enter launch program: ENOEXEC");
    });
  });
}
