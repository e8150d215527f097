/**
 * The `./client` door of @rt/shim: starting shims, calling them and receiving their events.
 *
 * @module
 */
export {
  deleteShim,
  parseStartAnswer,
  type ShimInvocation,
  type StartShimRequest,
  shimProgramName,
  startShim,
} from "./bootstrap.ts";
export { type EventHandler, EventsReceiver } from "./events.ts";
export { type ShimAddress, ShimClient } from "./task.ts";
