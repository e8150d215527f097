/**
 * Events of the Engine API.
 *
 * Source: moby `api/docs/v1.51.yaml`, definition EventMessage.
 *
 * @module
 */

/** The kinds of thing that an event is about. */
export type EventType = "container" | "image" | "volume" | "network" | "daemon" | "builder" | "plugin";

/** One event; `time` in seconds, `timeNano` in nanoseconds as a number with a float's precision. */
export interface EventMessage {
  status?: string;
  id?: string;
  from?: string;
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: "local";
  time: number;
  timeNano: number;
}
