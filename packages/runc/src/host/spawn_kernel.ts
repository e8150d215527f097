/**
 * Kernel port by the engine's own spawn: one interpreter process per launch program.
 *
 * @module
 */
import type { Kernel } from "./kernel.ts";

/** Options of {@linkcode spawnKernel}. */
export interface SpawnKernelOptions {
  /** Directories to try for short-lived private files; the first that can execute is used. */
  readonly directories?: readonly string[];
}

/** A kernel port that spawns an interpreter for each program. */
export declare function spawnKernel(options?: SpawnKernelOptions): Kernel;
