/**
 * `rt-ctr namespaces`.
 *
 * @module
 */
import { argument, type Command, group, labelText, parseLabels, table } from "./command.ts";

/** Manages namespaces. */
export const namespacesCommand: Command = group("namespaces", ["namespace", "ns"], "manage namespaces", {
  async ls({ containerd, call, out }) {
    const rows = (await containerd.namespaces.list(call)).map((n) => [n.name, labelText(n.labels)]);
    out(table([["NAME", "LABELS"], ...rows]));
    return 0;
  },
  async create({ containerd, call }, args) {
    const name = argument(args, 0, "namespace");
    await containerd.namespaces.create({ name, labels: parseLabels(args.slice(1)) }, call);
    return 0;
  },
  async rm({ containerd, call, out }, args) {
    for (const name of args) {
      await containerd.namespaces.delete(name, call);
      out(name);
    }
    return 0;
  },
});
