/**
 * A client that connects to a monitor, starts a container and keeps launching until it is killed.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connectMonitor, ProgramBuilder, readMonitorExits, run } from "../../src/kernel.ts";

const directory = process.argv[2]!;
const monitor = await connectMonitor(directory);
const containers = readMonitorExits(directory).filter((exit) => exit.code >= 40).length;

const p = new ProgramBuilder();
const parent = p.label();
const pid = p.sys("clone", [0x8000 | 17, 0, 0, 0, 0]);
p.branch("ne", pid, 0, parent);
const script = `trap 'exit ${40 + containers}' TERM; while :; do sleep 0.05; done`;
p.sys("execve", [p.cstring("/bin/sh"), p.vector(["sh", "-c", script]), p.vector(["PATH=/bin:/usr/bin"])]);
p.place(parent);
p.value(1, pid);
const { values } = await run(monitor, p.build());
// Wait for the shell's trap: bit 14 of the caught signals.
for (;;) {
  const caught = /^SigCgt:\t(\w+)$/m.exec(readFileSync(`/proc/${values.get(1)}/status`, "utf8"))?.[1];
  if ((BigInt(`0x${caught}`) & 0x4000n) !== 0n) break;
  await sleep(5);
}
process.stdout.write(`${values.get(1)}\n`);

const nothing = new ProgramBuilder().build();
for (;;) await Promise.all(Array.from({ length: 20 }, () => run(monitor, nothing)));
