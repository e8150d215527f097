/**
 * The `./api` door of @rt/shim: the task service's interface, its records and its events.
 *
 * @module
 */
export * from "./runtime_options.ts";
export * from "./task_event.ts";
export * from "./task_service.ts";
export * from "./typed_value.ts";
export { fromTypedEvent, toTypedEvent } from "./wire.ts";
