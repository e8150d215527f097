/**
 * `rt-ctr containers`.
 *
 * @module
 */
import { hasCode } from "../../errors.ts";
import { argument, type Command, group, table } from "./command.ts";

/** Manages containers. */
export const containersCommand: Command = group("containers", ["container", "c"], "manage containers", {
  async ls({ containerd, call, out }, args) {
    const rows: string[][] = [];
    for await (const c of containerd.containers.list(args, call))
      rows.push([c.id, c.image || "-", c.runtime.name]);
    out(table([["CONTAINER", "IMAGE", "RUNTIME"], ...rows]));
    return 0;
  },
  async info({ containerd, call, out }, args) {
    const c = await containerd.containers.get(argument(args, 0, "container id"), call);
    const spec = c.spec === undefined ? undefined : JSON.parse(new TextDecoder().decode(c.spec.value));
    out(JSON.stringify({ ...c, spec, extensions: Object.keys(c.extensions) }, undefined, 2));
    return 0;
  },
  async rm({ containerd, call }, args) {
    for (const id of args) {
      const { snapshotter, snapshotKey } = await containerd.containers.get(id, call);
      await containerd.containers.delete(id, call);
      if (snapshotKey === "") continue;
      await containerd.snapshots.remove({ snapshotter, key: snapshotKey }, call).catch((err: unknown) => {
        if (!hasCode(err, "NOT_FOUND")) throw err;
      });
    }
    return 0;
  },
});
