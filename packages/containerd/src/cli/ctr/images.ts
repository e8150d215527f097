/**
 * `rt-ctr images`.
 *
 * @module
 */
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { exportImages } from "../../images/export.ts";
import { importImages } from "../../images/import.ts";
import { parseFlags } from "../../oci.ts";
import { createRemote } from "../../remotes/remote.ts";
import { pull } from "../../transfer/pull.ts";
import { push } from "../../transfer/push.ts";
import { argument, type Command, group, labelText, table } from "./command.ts";

const snapshotter = { type: "string", default: "overlayfs", usage: "snapshotter name" } as const;

/** Manages images. */
export const imagesCommand: Command = group("images", ["image", "i"], "manage images", {
  async ls({ containerd, call, out }, args) {
    const images = await containerd.images.list(args, call);
    const rows = images.map((i) => [i.name, i.target.mediaType, i.target.digest, labelText(i.labels)]);
    out(table([["REF", "TYPE", "DIGEST", "LABELS"], ...rows]));
    return 0;
  },
  async rm({ containerd, call, out }, argv) {
    const { values, args } = parseFlags({ sync: { type: "boolean" } } as const, argv);
    for (const name of args) {
      await containerd.images.delete(name, { sync: values.sync }, call);
      out(name);
    }
    return 0;
  },
  async import({ containerd, call, out }, argv) {
    const flags = { snapshotter, "base-name": { type: "string" }, "no-unpack": { type: "boolean" } } as const;
    const { values, args } = parseFlags(flags, argv);
    const path = argument(args, 0, "archive");
    const source = path === "-" ? process.stdin : createReadStream(path);
    const options = {
      ...(values["no-unpack"] ? {} : { snapshotter: values.snapshotter }),
      ...(values["base-name"] === undefined ? {} : { baseName: values["base-name"] }),
    };
    for (const { image, target } of await importImages(containerd, source, options, call)) {
      out(`${image?.name ?? "<unnamed>"} ${target.digest}`);
    }
    return 0;
  },
  async export({ containerd, call }, args) {
    const path = argument(args, 0, "archive");
    const images = await Promise.all(args.slice(1).map((name) => containerd.images.get(name, call)));
    const archive = exportImages(containerd, images, {}, call);
    await pipeline(archive, path === "-" ? process.stdout : createWriteStream(path));
    return 0;
  },
  async pull({ containerd, call, out }, argv) {
    const { values, args } = parseFlags({ snapshotter } as const, argv);
    using remote = createRemote();
    const ref = argument(args, 0, "image reference");
    const { target } = await pull(
      containerd,
      ref,
      {
        remote,
        snapshotter: values.snapshotter,
        onProgress({ status, descriptor }) {
          if (descriptor !== undefined && status === "complete") out(`${descriptor.digest}: ${status}`);
        },
      },
      call,
    );
    out(`${ref}@${target.digest}`);
    return 0;
  },
  async push({ containerd, call, out }, args) {
    using remote = createRemote();
    const ref = argument(args, 0, "image reference");
    const { target } = await containerd.images.get(args[1] ?? ref, call);
    out(`${ref}@${(await push(containerd, ref, target, { remote }, call)).digest}`);
    return 0;
  },
});
