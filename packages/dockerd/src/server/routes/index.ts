/**
 * Every route of the Engine API that is served.
 *
 * @module
 */
import type { Engine } from "../../api/engine.ts";
import type { Route } from "../app.ts";
import { containerRoutes } from "./container.ts";
import { containerStreamRoutes } from "./container_stream.ts";
import { execRoutes } from "./exec.ts";
import { imageRoutes } from "./image.ts";
import { networkRoutes } from "./network.ts";
import { systemRoutes } from "./system.ts";
import { volumeRoutes } from "./volume.ts";

/** Every route, over `engine`. */
export function engineRoutes(engine: Engine): Route[] {
  return [
    ...systemRoutes(engine),
    ...containerRoutes(engine),
    ...containerStreamRoutes(engine),
    ...execRoutes(engine),
    ...imageRoutes(engine),
    ...volumeRoutes(engine),
    ...networkRoutes(engine),
  ];
}
