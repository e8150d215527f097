/**
 * Explain: the launch program of a bundle, readable, without running it.
 *
 * @module
 */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { openCgroups } from "../cgroups/manager.ts";
import { compileCreate } from "../init/create.ts";
import { disassemble } from "../launch/disassemble.ts";
import type { Program } from "../launch/program.ts";
import { checkSpec, readSpec, rootfsPath } from "../specconv/load.ts";
import { planCreate } from "./create.ts";
import type { RuncDeps } from "./runc.ts";

/** What {@linkcode explain} found. */
export interface Explanation {
  /** The program. */
  readonly program: Program;
  /** One line per operation. */
  readonly lines: readonly string[];
}

/** Compiles the launch program of the bundle at `bundle` as `create` would. @throws {InvalidRequestError} */
export function explain(deps: Omit<RuncDeps, "kernel">, bundle: string, id = "example"): Explanation {
  const directory = resolve(bundle);
  const spec = readSpec(directory);
  checkSpec(spec);
  const rootfs = realpathSync(rootfsPath(directory, spec));
  const cgroups = openCgroups(deps.cgroupFs, deps.layout, { id, cgroupsPath: spec.linux?.cgroupsPath });
  const console = spec.process?.terminal === true ? { io: { console: { kind: "own" } as const } } : {};
  const program = compileCreate(
    planCreate(
      deps,
      { id, bundle: directory, ...console },
      { spec, bundle: directory, rootfs, cgroups, started: false },
    ),
  );
  return { program, lines: disassemble(program).split("\n") };
}
