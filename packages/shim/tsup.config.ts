import type { Options } from "tsup";
import { layerBuild } from "../tools/tsup/layer.ts";

// The program is split, so that `start`, which is on the way of every container, loads only what it needs.
const builds: Options[] = layerBuild(import.meta.dirname).map((build) =>
  "cli/main" in (build.entry as Record<string, string>) ? { ...build, splitting: true } : build,
);

export default builds;
