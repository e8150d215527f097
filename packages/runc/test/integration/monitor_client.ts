/**
 * A client that connects to a monitor, starts a container and keeps launching until it is killed.
 *
 * @module
 */
import { connectMonitor, ProgramBuilder, readMonitorExits, run } from "../../src/kernel.ts";

const directory = process.argv[2]!;
const monitor = await connectMonitor(directory);
const containers = readMonitorExits(directory).filter((exit) => exit.code >= 40).length;

const p = new ProgramBuilder();
const parent = p.label();
const pid = p.sys("clone", [0x8000 | 17, 0, 0, 0, 0]);
p.branch("ne", pid, 0, parent);
const script = `trap 'exit ${40 + containers}' TERM; echo ready >&2; while :; do sleep 0.05; done`;
p.sys("execve", [p.cstring("/bin/sh"), p.vector(["sh", "-c", script]), p.vector(["PATH=/bin:/usr/bin"])]);
p.place(parent);
p.value(1, pid);
const { values } = await run(monitor, p.build());
await new Promise((resolve) => setTimeout(resolve, 100));
process.stdout.write(`${values.get(1)}\n`);

const nothing = new ProgramBuilder().build();
for (;;) await Promise.all(Array.from({ length: 20 }, () => run(monitor, nothing)));
