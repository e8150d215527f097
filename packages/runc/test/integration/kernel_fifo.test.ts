import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFifo, openFifoReader, openFifoWriter, spawnKernel } from "../../src/kernel.ts";
import { missingProgram, missingRoot, titled } from "./requirements.ts";

const rootless = missingRoot();
const DENO = join(import.meta.dirname, "../../../../node_modules/.bin/deno");
const noDeno = rootless ?? missingProgram(DENO);

describe.skipIf(rootless !== undefined)(titled("FIFOs", rootless), () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = mkdtempSync("/run/rt-fifo-");
    path = join(directory, "fifo");
    await using kernel = spawnKernel();
    await makeFifo(kernel, path);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function openFds(): number {
    const links = readdirSync("/proc/self/fd").map((fd) => {
      const link = join("/proc/self/fd", fd);
      try {
        return readlinkSync(link);
      } catch {
        return "";
      }
    });
    return links.filter((link) => link.startsWith(directory)).length;
  }

  it("carry bytes in order to the end of the last writer", async () => {
    const keeper = openFifoWriter(path, { keepOpen: true });
    const reader = openFifoReader(path);
    const writer = openFifoWriter(path);
    await keeper.close();
    const received = (async () => {
      let [length, wrong] = [0, 0];
      for await (const chunk of reader) for (const byte of chunk) if (byte !== (length++ & 255)) wrong++;
      return { length, wrong };
    })();
    const block = Uint8Array.from({ length: 256 * 400 }, (_, i) => i & 255);
    for (let i = 0; i < 40; i++) await writer.write(block);
    await writer.close();
    expect(await received).toEqual({ length: block.length * 40, wrong: 0 });
    await reader.close();
    await expect.poll(openFds).toBe(0);
  });

  it("hold a writer back while nobody reads", async () => {
    const reader = openFifoReader(path);
    const writer = openFifoWriter(path);
    let done = false;
    const writing = writer.write(new Uint8Array(1_000_000)).then(() => {
      done = true;
    });
    await sleep(100);
    expect(done).toBe(false);
    let length = 0;
    for await (const chunk of reader) if ((length += chunk.length) === 1_000_000) break;
    await writing;
    await writer.close();
    await reader.close();
  });

  it("give no end with keepOpen, and can be closed while idle", async () => {
    const reader = openFifoReader(path, { keepOpen: true });
    let text = "";
    const reading = (async () => {
      for await (const chunk of reader) text += Buffer.from(chunk).toString();
    })();
    for (const part of ["one ", "two"]) {
      const writer = openFifoWriter(path);
      await writer.write(Buffer.from(part));
      await writer.close();
    }
    await expect.poll(() => text).toBe("one two");
    await reader.close();
    await reading;
    await expect.poll(openFds).toBe(0);
  });

  it("cannot be written while there is no reader", () => {
    expect(() => openFifoWriter(path)).toThrow("ENXIO");
  });

  it("are read, 40 at once", async () => {
    await using kernel = spawnKernel();
    const paths = Array.from({ length: 40 }, (_, i) => join(directory, `f${i}`));
    for (const one of paths) await makeFifo(kernel, one);
    const texts = paths.map(async (one, i) => {
      const reader = openFifoReader(one);
      const writer = openFifoWriter(one);
      await writer.write(Buffer.from(`number ${i}`));
      await writer.close();
      let text = "";
      for await (const chunk of reader) text += Buffer.from(chunk).toString();
      await reader.close();
      return text;
    });
    expect(await Promise.all(texts)).toEqual(paths.map((_, i) => `number ${i}`));
  });
});

describe.skipIf(noDeno !== undefined)(titled("kernel ports and FIFOs on Deno", noDeno), () => {
  it("launch, monitor, read and write", () => {
    const script = join(import.meta.dirname, "deno_kernel.ts");
    const text = execFileSync(DENO, ["run", "-A", "--no-check", script], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(text.trim().split("\n")).toEqual([
      "spawn 7",
      "port 7",
      "monitor 7",
      "fifo through a process",
      "left true",
    ]);
    expect(existsSync("/run/rt-deno")).toBe(false);
  });
});
