import { layerBuild } from "../tools/tsup/layer.ts";

export default layerBuild(import.meta.dirname);
