import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mount, ProgramBuilder, portKernel, run, spawnKernel, unmount } from "../../src/kernel.ts";
import { kernelSuite } from "./kernel_suite.ts";
import { missingProgram, missingRoot, titled } from "./requirements.ts";

const rootless = missingRoot();
const QEMU = "/usr/bin/qemu-aarch64";
const noQemu = rootless ?? missingProgram(QEMU);
const emulator = { arch: "arm64", command: QEMU } as const;

describe.skipIf(rootless !== undefined)(titled("spawnKernel()", rootless), () => {
  kernelSuite({ make: async () => spawnKernel(), launches: 300 });

  it("executes a sealed file that nobody can write", async () => {
    await using kernel = spawnKernel();
    const p = new ProgramBuilder();
    const exe = p.bss(64);
    p.data(1, exe, p.sys("readlinkat", [-100, p.cstring("/proc/self/exe"), exe, 64]));
    const fd = p.sys("openat", [-100, p.cstring("/proc/self/exe"), 0, 0]);
    p.value(2, p.sys("fcntl", [fd, 1034, 0], { name: "get seals" }));
    p.value(3, p.sys("openat", [-100, p.cstring("/proc/self/exe"), 2, 0], { onError: "ignore" }));
    const { data, values } = await run(kernel, p.build());
    expect(new TextDecoder().decode(data.get(1))).toBe("/memfd:rt-interpreter (deleted)");
    expect(values.get(2)! & 0x0fn).toBe(0x0fn);
    // Busy text now; and the seals stay when nobody runs it any more.
    expect(values.get(3)).toBe(-26n);
  });

  it("finds a directory that can execute when the first is mounted noexec", async () => {
    const directory = mkdtempSync("/run/rt-noexec-");
    await using helper = spawnKernel();
    await mount(helper, {
      type: "tmpfs",
      source: "tmpfs",
      target: directory,
      options: ["noexec", "size=1m"],
    });
    try {
      for (const interpreter of ["sealed", "private"] as const) {
        await using kernel = spawnKernel({ interpreter, directories: [directory, "/run"] });
        expect((await run(kernel, new ProgramBuilder().build())).code).toBe(0);
      }
      await using none = spawnKernel({ interpreter: "private", directories: [directory] });
      await expect(run(none, new ProgramBuilder().build())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    } finally {
      await unmount(helper, directory);
      rmSync(directory, { recursive: true });
    }
  });

  it("gives pipes to a program that wants them", async () => {
    await using kernel = spawnKernel();
    const p = new ProgramBuilder();
    p.sys("execve", [p.cstring("/bin/cat"), p.vector(["cat"]), p.vector([])]);
    const launch = await kernel.launch(p.build(), { stdio: ["pipe", "pipe", "ignore"] });
    const writer = launch.stdio[0]!.getWriter();
    await writer.write(new TextEncoder().encode("through and back"));
    await writer.close();
    expect(await new Response(launch.stdio[1]).text()).toBe("through and back");
    expect(await launch.exited).toEqual({ code: 0, signal: 0 });
  });
});

describe.skipIf(rootless !== undefined)(titled("portKernel()", rootless), () => {
  kernelSuite({ make: async () => portKernel(), launches: 1000 });

  it("starts a new port when the old one was killed", async () => {
    await using kernel = portKernel();
    const parent = new ProgramBuilder();
    parent.value(1, parent.sys("getppid", []));
    const port = Number((await run(kernel, parent.build())).values.get(1));
    expect(readFileSync(`/proc/${port}/comm`, "utf8")).toBe("rt-port\n");
    const p = new ProgramBuilder();
    p.sys("ppoll", [0, 0, 0, 0, 0]);
    const waiting = await kernel.launch(p.build());
    process.kill(port, "SIGKILL");
    expect(await waiting.exited).toEqual({ code: 255, signal: 0 });
    process.kill(waiting.pid, "SIGKILL");
    const next = Number((await run(kernel, parent.build())).values.get(1));
    expect(next).not.toBe(port);
  });

  it("keeps track of more children than its table has rows", async () => {
    await using kernel = portKernel();
    const p = new ProgramBuilder();
    p.sys("ppoll", [0, 0, 0, 0, 0]);
    const program = p.build();
    const launches = await Promise.all(Array.from({ length: 100 }, () => kernel.launch(program)));
    for (const launch of launches) process.kill(launch.pid, "SIGTERM");
    for (const launch of launches) expect(await launch.exited).toEqual({ code: 0, signal: 15 });
  });

  it("rejects at once when the signal is aborted already", async () => {
    await using kernel = portKernel();
    const launch = kernel.launch(new ProgramBuilder().build(), { signal: AbortSignal.abort() });
    await expect(launch).rejects.toMatchObject({ name: "LaunchError", code: "CANCELED" });
  });

  it("tells of processes that launches left behind", async () => {
    const exits: { pid: number; code: number }[] = [];
    await using kernel = portKernel({ onExit: (exit) => exits.push(exit) });
    const p = new ProgramBuilder();
    const child = p.fork(() => p.exit(9));
    p.value(1, child);
    const { values } = await run(kernel, p.build());
    await expect.poll(() => exits).toMatchObject([{ pid: Number(values.get(1)), code: 9 }]);
  });
});

describe.skipIf(noQemu !== undefined)(titled("spawnKernel() on arm64, emulated", noQemu), () => {
  kernelSuite({ make: async () => spawnKernel({ emulator }), launches: 20, native: false });
});

describe.skipIf(noQemu !== undefined)(titled("portKernel() on arm64, emulated", noQemu), () => {
  it("forks, executes and reaps", async () => {
    await using kernel = portKernel({ emulator });
    const p = new ProgramBuilder();
    p.value(1, p.sys("getpid", []));
    p.exit(3);
    const results = await Promise.all(Array.from({ length: 10 }, () => run(kernel, p.build())));
    for (const { pid, values, code } of results) expect([values.get(1), code]).toEqual([BigInt(pid), 3]);
  });
});
