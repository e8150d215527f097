/**
 * Temporary mounts: a snapshot made visible for as long as a piece of work needs it.
 *
 * Each gets a directory below one that is ours alone; what a crash left mounted there goes when it is opened.
 * Source: containerd core/mount/temp.go.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Mount } from "../api/mount.ts";
import { type Kernel, mount, unmount } from "../kernel.ts";

/** Mounts below a directory of their own. */
export class TempMounts {
  readonly #kernel: Kernel;
  readonly #dir: string;

  private constructor(kernel: Kernel, dir: string) {
    this.#kernel = kernel;
    this.#dir = dir;
  }

  /** Takes `dir`, making it if it is not there, and clears it. */
  static async open(kernel: Kernel, dir: string): Promise<TempMounts> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(dir)) await remove(kernel, join(dir, name));
    return new TempMounts(kernel, dir);
  }

  /** Mounts `mounts`, runs `work` on where they are, and unmounts. */
  async with<T>(mounts: readonly Mount[], work: (root: string) => Promise<T>): Promise<T> {
    const root = mkdtempSync(join(this.#dir, "containerd-mount"));
    try {
      await mount(
        this.#kernel,
        mounts.map(({ type, source, target = "", options }) => ({
          type,
          source,
          target: join(root, target),
          options,
        })),
      );
      return await work(root);
    } finally {
      await remove(this.#kernel, root);
    }
  }
}

async function remove(kernel: Kernel, root: string): Promise<void> {
  await unmount(kernel, root, { recursive: true, detach: true });
  rmdirSync(root); // never recursive: if it were still mounted, that would delete a snapshot
}
