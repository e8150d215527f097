/**
 * One container after the other in this process by @rt/runc: create, start, wait, delete. Prints the samples as JSON.
 *
 * Run by `pnpm bench` on each engine: `in_process.ts ROOTFS COUNT`.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compose } from "@rt/runc";
import { defaultSpec, type Spec } from "@rt/runc/oci";

/** Samples of `count` containers, milliseconds, after five that are not counted. */
async function samples(rootfs: string, count: number): Promise<number[]> {
  const dir = mkdtempSync("/tmp/rt-bench-in-");
  const spec: Spec = defaultSpec();
  spec.root = { path: rootfs, readonly: true };
  Object.assign(spec.process ?? {}, { terminal: false, args: ["/bin/true"] });
  Object.assign(spec.linux ?? {}, { cgroupsPath: `/rt-bench-${process.pid}` });
  await using runc = compose({ root: join(dir, "state") });
  const result: number[] = [];
  try {
    for (let i = -5; i < count; i++) {
      const started = performance.now();
      const id = `bench${i + 5}`;
      const launched = await runc.create({ id, bundle: dir, spec });
      await runc.start({ id });
      const status = await launched.exited;
      if (status?.code !== 0) throw new Error(`the container exited with ${status?.code}`);
      await runc.delete({ id });
      if (i >= 0) result.push(performance.now() - started);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return result;
}

const [rootfs = "", count = "100"] = process.argv.slice(2);
console.log(JSON.stringify(await samples(rootfs, Number(count))));
