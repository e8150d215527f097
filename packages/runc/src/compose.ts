/**
 * Joins the real parts of @rt/runc.
 *
 * @module
 */
import { detectCgroupLayout } from "./cgroups/layout.ts";
import { DEFAULT_ROOT, type RuncConfig } from "./config.ts";
import { Runc } from "./container/runc.ts";
import { linuxCgroupFs } from "./host/cgroup_fs_linux.ts";
import type { Kernel } from "./host/kernel.ts";
import { spawnKernel } from "./host/spawn_kernel.ts";

/** Options of {@linkcode compose}. */
export interface ComposeOptions extends Partial<RuncConfig> {
  /** What runs the launch programs. @default {spawnKernel()} */
  readonly kernel?: Kernel;
}

/** A runtime on this machine. */
export function compose(options: ComposeOptions = {}): Runc {
  const cgroupFs = linuxCgroupFs();
  return new Runc({
    kernel: options.kernel ?? spawnKernel(),
    root: options.root ?? DEFAULT_ROOT,
    cgroupFs,
    layout: detectCgroupLayout(cgroupFs),
  });
}
