/**
 * `rt-ctr tasks`.
 *
 * @module
 */
import { constants } from "node:os";
import { parseFlags } from "../../oci.ts";
import { argument, type Command, group, table } from "./command.ts";

/** A signal's number by name (`TERM`, `SIGTERM`) or number. @throws {Error} if there is none. */
function signalNumber(text: string): number {
  if (/^[0-9]+$/.test(text)) return Number(text);
  const name = text.toUpperCase().replace(/^(?!SIG)/, "SIG") as keyof typeof constants.signals;
  const number = constants.signals[name];
  if (number === undefined) throw new Error(`unknown signal ${JSON.stringify(text)}`);
  return number;
}

/** Manages tasks. */
export const tasksCommand: Command = group("tasks", ["task", "t"], "manage tasks", {
  async ls({ containerd, call, out }) {
    const tasks = await containerd.tasks.list("", call);
    const rows = tasks.map((t) => [t.containerId, String(t.pid), t.status.toUpperCase()]);
    out(table([["TASK", "PID", "STATUS"], ...rows]));
    return 0;
  },
  async ps({ containerd, call, out }, args) {
    const pids = await containerd.tasks.pids(argument(args, 0, "container id"), call);
    out(["PID", ...pids.map((p) => String(p.pid))].join("\n"));
    return 0;
  },
  async kill({ containerd, call }, argv) {
    const flags = {
      signal: { type: "string", aliases: ["s"], default: "SIGTERM" },
      all: { type: "boolean", aliases: ["a"] },
      "exec-id": { type: "string", default: "" },
    } as const;
    const { values, args } = parseFlags(flags, argv);
    const ref = { containerId: argument(args, 0, "container id"), execId: values["exec-id"] };
    await containerd.tasks.kill({ ...ref, signal: signalNumber(values.signal), all: values.all }, call);
    return 0;
  },
  async wait({ containerd, call }, args) {
    return (await containerd.tasks.wait({ containerId: argument(args, 0, "container id") }, call)).exitStatus;
  },
  async pause({ containerd, call }, args) {
    await containerd.tasks.pause(argument(args, 0, "container id"), call);
    return 0;
  },
  async resume({ containerd, call }, args) {
    await containerd.tasks.resume(argument(args, 0, "container id"), call);
    return 0;
  },
  async rm({ containerd, call }, args) {
    let code = 0;
    for (const id of args) code = (await containerd.tasks.delete(id, call)).exitStatus || code;
    return code;
  },
});
