/**
 * ImageFsInfo: how much the images take.
 *
 * @module
 */
import type { CallOptions } from "../api/cri.ts";
import { nowNanos } from "../convert/time.ts";
import type { EngineDeps } from "../sandbox/find.ts";

/** Usage of one file system. */
interface FsUsage {
  timestamp: bigint;
  fsId: { mountpoint: string };
  usedBytes: { value: bigint };
}

/** What the images' layers and the containers' writable layers take, in the engine's data directory. */
export async function imageFsInfo(
  { engine }: EngineDeps,
  options: CallOptions,
): Promise<{ imageFilesystems: FsUsage[]; containerFilesystems: FsUsage[] }> {
  const [info, usage] = await Promise.all([engine.system.info(options), engine.system.diskUsage(options)]);
  const timestamp = nowNanos();
  const writable = (usage.Containers ?? []).reduce((sum, c) => sum + (c.SizeRw ?? 0), 0);
  const of = (bytes: number): FsUsage => ({
    timestamp,
    fsId: { mountpoint: info.DockerRootDir },
    usedBytes: { value: BigInt(bytes) },
  });
  return { imageFilesystems: [of(usage.LayersSize)], containerFilesystems: [of(writable)] };
}
