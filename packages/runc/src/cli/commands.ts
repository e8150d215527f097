/**
 * The commands: what each is for and where it is; its module is loaded only when it is asked for.
 *
 * @module
 */
import type { Command } from "./command.ts";

/** A command in the list. */
export interface CommandEntry {
  /** What it is for, one line. */
  readonly usage: string;
  readonly load: () => Promise<Command>;
  /** What goes before the text of an error. */
  readonly prefix?: string;
  /** Exit status of a failure. @default {1} */
  readonly failure?: number;
}

/** Loses the type of the flags, which only the command itself needs. */
const erase = async (module: Promise<{ readonly command: unknown }>): Promise<Command> =>
  (await module).command as Command;

/** The commands by name. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  create: {
    usage: "create a container",
    load: () => erase(import("./create.ts")),
    prefix: "runc create failed: ",
  },
  delete: {
    usage: "delete any resources held by the container often used with detached container",
    load: () => erase(import("./delete.ts")),
  },
  events: {
    usage: "display container events such as OOM notifications, cpu, memory, and IO usage statistics",
    load: () => erase(import("./events.ts")),
  },
  exec: {
    usage: "execute new process inside the container",
    load: () => erase(import("./exec.ts")),
    prefix: "exec failed: ",
    failure: 255,
  },
  explain: {
    usage: "print the launch program of a bundle without running it",
    load: () => erase(import("./explain.ts")),
  },
  features: { usage: "show the enabled features", load: () => erase(import("./features.ts")) },
  kill: {
    usage: "kill sends the specified signal (default: SIGTERM) to the container's init process",
    load: () => erase(import("./kill.ts")),
  },
  list: {
    usage: "lists containers started by runc with the given root",
    load: () => erase(import("./list.ts")),
  },
  pause: {
    usage: "pause suspends all processes inside the container",
    load: () => erase(import("./pause.ts")),
  },
  ps: { usage: "ps displays the processes running inside a container", load: () => erase(import("./ps.ts")) },
  resume: {
    usage: "resumes all processes that have been previously paused",
    load: () => erase(import("./resume.ts")),
  },
  run: {
    usage: "create and run a container",
    load: () => erase(import("./run.ts")),
    prefix: "runc run failed: ",
  },
  spec: { usage: "create a new specification file", load: () => erase(import("./spec.ts")) },
  start: {
    usage: "executes the user defined process in a created container",
    load: () => erase(import("./start.ts")),
  },
  state: { usage: "output the state of a container", load: () => erase(import("./state.ts")) },
  update: { usage: "update container resource constraints", load: () => erase(import("./update.ts")) },
};
