import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FifoReader, Kernel, MonitorKernel } from "../../src/kernel.ts";
import {
  addConsoleRelay,
  CONSOLE_TAGS,
  consoleSocketProgram,
  makeFifo,
  openFifoReader,
  openFifoWriter,
  ProgramBuilder,
  resizeConsole,
  run,
  spawnKernel,
  startMonitor,
} from "../../src/kernel.ts";
import { missingProgram, missingRoot, titled } from "./requirements.ts";

const rootless = missingRoot();
const RUNC = "/usr/sbin/runc";
const BUSYBOX = "/bin/busybox";
const noRunc = missingProgram(RUNC) ?? missingProgram(BUSYBOX);

describe.skipIf(rootless !== undefined)(titled("console relay", rootless), () => {
  let directory: string;
  let spawner: Kernel;
  let monitor: MonitorKernel;
  let reader: FifoReader | undefined;
  let output = "";
  const path = (name: string): string => join(directory, name);
  beforeEach(async () => {
    directory = mkdtempSync("/run/rt-console-");
    spawner = spawnKernel();
    monitor = await startMonitor(spawner, directory);
    for (const name of ["in", "out", "control"]) await makeFifo(spawner, path(name));
    await monitor.hold(path("in"));
    await monitor.hold(path("out"), { drain: true });
    output = "";
  });
  function readOutput(): void {
    reader = openFifoReader(path("out"));
    void (async () => {
      for await (const chunk of reader!) output += Buffer.from(chunk).toString();
    })();
  }
  afterEach(async () => {
    await monitor.quit();
    await monitor[Symbol.asyncDispose]();
    await reader?.close();
    reader = undefined;
    await spawner[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });
  const fifos = (): { stdin: string; stdout: string; control: string } => ({
    stdin: path("in"),
    stdout: path("out"),
    control: path("control"),
  });

  /** Starts `script` on a terminal that a relay copies. */
  async function startOnTerminal(script: string): Promise<void> {
    const p = new ProgramBuilder();
    const master = p.sys("openat", [-100, p.cstring("/dev/ptmx"), 0o2000402, 0], { name: "open ptmx" });
    p.sys("ioctl", [master, 0x40045431, p.bss(8)], { name: "unlock terminal" });
    const slave = p.sys("ioctl", [master, 0x5441, 0o402], { name: "open terminal" });
    p.value(2, addConsoleRelay(p, master, fifos()));
    const parent = p.label();
    const pid = p.sys("clone", [0x8000 | 17, 0, 0, 0, 0]);
    p.branch("ne", pid, 0, parent);
    p.sys("setsid", []);
    p.sys("ioctl", [slave, 0x540e, 0], { name: "take terminal" });
    for (const fd of [0, 1, 2]) p.sys("dup3", [slave, fd, 0]);
    p.sys("close", [slave]);
    p.sys("execve", [p.cstring("/bin/sh"), p.vector(["sh", "-c", script]), p.vector(["PATH=/bin:/usr/bin"])]);
    p.place(parent);
    p.value(1, pid);
    await run(monitor, p.build());
  }

  it("relays a terminal that a launch program opens: output, input, size, end", async () => {
    const script =
      "read a; echo got $a; stty size; seq 1 20000 | tail -c 20; yes x | head -c 300000; echo; echo END";
    readOutput();
    await startOnTerminal(script);
    resizeConsole(path("control"), { rows: 31, columns: 97 });
    const writer = openFifoWriter(path("in"));
    await writer.write(Buffer.from("hello\n"));
    await writer.close();
    // The relay ends with the container, so the monitor does.
    await monitor.closed;
    expect(output).toContain("got hello\r\n31 97\r\n");
    expect(output).toContain("END\r\n");
    expect(output.length).toBeGreaterThan(300_000);
  });

  it("takes input and sizes while nobody reads the output, and loses none of it", async () => {
    await startOnTerminal(`stty -echo; read a; yes x | head -c 400000; read b; echo $a $b END; stty size`);
    resizeConsole(path("control"), { rows: 10, columns: 20 });
    const writer = openFifoWriter(path("in"));
    await writer.write(Buffer.from("one\n"));
    await sleep(200);
    resizeConsole(path("control"), { rows: 31, columns: 97 });
    await writer.write(Buffer.from("two\n"));
    await writer.close();
    await sleep(200);
    // Both were taken although the output is stuck.
    readOutput();
    await monitor.closed;
    expect(output).toContain("one two END\r\n31 97\r\n");
    expect(output.match(/x\r\n/g)).toHaveLength(200_000);
  });

  it.skipIf(noRunc !== undefined)("takes a terminal from real runc's --console-socket", async () => {
    readOutput();
    const bundle = path("bundle");
    mkdirSync(join(bundle, "rootfs/bin"), { recursive: true });
    cpSync(BUSYBOX, join(bundle, "rootfs/bin/busybox"));
    execFileSync(RUNC, ["spec"], { cwd: bundle });
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
    config.process.args = ["/bin/busybox", "sh", "-c", "/bin/busybox stty size; read a; echo got $a; exit 4"];
    writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
    const runc = (...args: string[]): Buffer => execFileSync(RUNC, ["--root", path("runc"), ...args]);

    const relay = await monitor.launch(consoleSocketProgram({ socket: path("console.sock"), ...fifos() }));
    const records = relay.records[Symbol.asyncIterator]();
    expect((await records.next()).value).toMatchObject({ tag: CONSOLE_TAGS.listening });
    try {
      runc("create", "--bundle", bundle, "--console-socket", path("console.sock"), "rt-console-test");
      expect((await records.next()).value).toMatchObject({ tag: CONSOLE_TAGS.received });
      resizeConsole(path("control"), { rows: 31, columns: 97 });
      runc("start", "rt-console-test");
      const writer = openFifoWriter(path("in"));
      await writer.write(Buffer.from("hello\n"));
      await writer.close();
      expect(await relay.exited).toEqual({ code: 0, signal: 0 });
      await expect.poll(() => output).toContain("got hello\r\n");
      expect(output).toContain("31 97\r\n");
    } finally {
      runc("delete", "--force", "rt-console-test");
    }
  });
});
