/**
 * The kernel ports on an engine that cannot run the other tests; prints what it saw.
 *
 * @module
 */
import { mkdirSync, rmSync } from "node:fs";
import {
  connectMonitor,
  makeFifo,
  openFifoReader,
  openFifoWriter,
  ProgramBuilder,
  portKernel,
  run,
  spawnKernel,
  startMonitor,
} from "../../src/kernel.ts";

const directory = "/run/rt-deno";
mkdirSync(directory, { mode: 0o700 });
try {
  const p = new ProgramBuilder();
  p.value(1, p.sys("getpid", []));
  p.exit(7);
  const program = p.build();
  await using spawner = spawnKernel();
  await using port = portKernel();
  const started = await startMonitor(spawner, directory);
  await started[Symbol.asyncDispose]();
  const monitor = await connectMonitor(directory);
  for (const [name, kernel] of [
    ["spawn", spawner],
    ["port", port],
    ["monitor", monitor],
  ] as const) {
    const { values, code, pid } = await run(kernel, program);
    if (values.get(1) !== BigInt(pid)) throw new Error(`${name}: wrong process`);
    console.log(name, code);
  }
  const fifo = `${directory}/fifo`;
  await makeFifo(port, fifo);
  const held = await monitor.hold(fifo);
  const reader = openFifoReader(fifo);
  const writer = openFifoWriter(fifo);
  await writer.write(new TextEncoder().encode("through a process"));
  await writer.close();
  await held.release();
  let text = "";
  for await (const chunk of reader) text += new TextDecoder().decode(chunk);
  await reader.close();
  console.log("fifo", text);
  await monitor.quit();
  await monitor.closed;
  console.log("left", true);
} finally {
  rmSync(directory, { recursive: true });
}
