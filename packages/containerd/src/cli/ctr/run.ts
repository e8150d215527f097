/**
 * `rt-ctr run [flags] IMAGE ID [COMMAND…]`: a container from an image, with its output here.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Call } from "../../api/call.ts";
import type { Containerd } from "../../api/containerd.ts";
import { SPEC_TYPE_URL } from "../../api/containers.ts";
import { RT_RUNTIME } from "../../config.ts";
import { readDocument, selectPlatform } from "../../images/read.ts";
import { type FifoWriter, makeFifo, openFifoReader, openFifoWriter, spawnKernel } from "../../kernel.ts";
import { chainIds, defaultSpec, hostPlatform, type ImageConfig, parseFlags } from "../../oci.ts";
import { unpackImage } from "../../unpack/unpack.ts";
import { argument, type Command } from "./command.ts";

const flags = {
  rm: { type: "boolean", usage: "remove the container after running" },
  detach: { type: "boolean", aliases: ["d"], usage: "detach from the task after it has started" },
  runtime: { type: "string", default: RT_RUNTIME, usage: "runtime name or absolute path of a shim binary" },
  snapshotter: { type: "string", default: "overlayfs", usage: "snapshotter name" },
  env: { type: "string", list: true, usage: "environment variables `K=V`" },
  cwd: { type: "string", usage: "working directory" },
} as const;

/** Runs a container. */
export const runCommand: Command = {
  name: "run",
  usage: "run a container",
  async run({ containerd, call }, argv) {
    const { values, args } = parseFlags(flags, argv);
    const [image, id] = [argument(args, 0, "image ref"), argument(args, 1, "container id")];
    const request = { id, image, command: args.slice(2), ...values };
    await createContainer(containerd, request, call);
    await using stdio = values.detach ? undefined : await openStdio(id);
    try {
      await containerd.tasks.create(
        {
          containerId: id,
          rootfs: await containerd.snapshots.mounts({ snapshotter: values.snapshotter, key: id }, call),
          ...stdio?.paths,
        },
        call,
      );
      const exited = values.detach ? undefined : containerd.tasks.wait({ containerId: id }, call);
      await containerd.tasks.start({ containerId: id }, call);
      if (exited === undefined) return 0;
      const { exitStatus } = await exited;
      await containerd.tasks.delete(id, call);
      return exitStatus;
    } finally {
      if (values.rm && !values.detach)
        await removeContainer(containerd, id, values.snapshotter, { namespace: call.namespace });
    }
  },
};

interface RunRequest {
  readonly id: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly runtime: string;
  readonly snapshotter: string;
  readonly env: readonly string[];
  readonly cwd: string | undefined;
}

/** Makes snapshot and container; a snapshot whose container is refused is removed again. */
async function createContainer(containerd: Containerd, request: RunRequest, call: Call): Promise<void> {
  const { id, snapshotter } = request;
  const { target } = await containerd.images.get(request.image, call);
  const found = await selectPlatform(containerd.content, target, hostPlatform(), call, { anySingle: true });
  const config = await readDocument<ImageConfig>(containerd.content, found.manifest.config, call);
  const parent = chainIds(config.rootfs?.diff_ids ?? []).at(-1) ?? "";
  const there = await containerd.snapshots.stat({ snapshotter, key: parent }, call).catch(() => undefined);
  if (there === undefined && parent !== "") await unpackImage(containerd, target, { snapshotter }, call);
  const spec = new TextEncoder().encode(JSON.stringify(specOf(request, config)));
  await containerd.snapshots.prepare({ snapshotter, key: id, parent }, call);
  const runtime = { name: request.runtime };
  const container = { id, image: request.image, runtime, snapshotter, snapshotKey: id };
  try {
    await containerd.containers.create({ ...container, spec: { typeUrl: SPEC_TYPE_URL, value: spec } }, call);
  } catch (err) {
    await containerd.snapshots.remove({ snapshotter, key: id }, call);
    throw err;
  }
}

async function removeContainer(
  containerd: Containerd,
  id: string,
  snapshotter: string,
  call: Call,
): Promise<void> {
  await containerd.containers.delete(id, call);
  await containerd.snapshots.remove({ snapshotter, key: id }, call);
}

/** The default spec with what the image and the command line say. */
function specOf(request: RunRequest, { config = {} }: ImageConfig): unknown {
  const spec = defaultSpec();
  const image = config as { Env?: string[]; Entrypoint?: string[]; Cmd?: string[]; WorkingDir?: string };
  const args =
    request.command.length > 0 ? request.command : [...(image.Entrypoint ?? []), ...(image.Cmd ?? [])];
  return {
    ...spec,
    root: { path: "rootfs" },
    hostname: request.id,
    process: {
      ...spec.process,
      terminal: false,
      args,
      env: [...(image.Env ?? spec.process?.env ?? []), ...request.env],
      cwd: request.cwd ?? (image.WorkingDir || "/"),
    },
  };
}

/** FIFOs for the container's output, copied to ours. */
async function openStdio(id: string) {
  const dir = await mkdtemp(join(tmpdir(), "rt-ctr-"));
  await using kernel = spawnKernel();
  const paths = { stdout: join(dir, `${id}-stdout`), stderr: join(dir, `${id}-stderr`) };
  const holders: FifoWriter[] = [];
  const copies: Promise<void>[] = [];
  for (const [path, to] of [
    [paths.stdout, process.stdout] as const,
    [paths.stderr, process.stderr] as const,
  ]) {
    await makeFifo(kernel, path);
    // Held open until the task is gone: then the reader sees the end after the last byte.
    holders.push(openFifoWriter(path, { keepOpen: true }));
    copies.push(copy(openFifoReader(path), to));
  }
  return {
    paths,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(holders.map((h) => h.close()));
      await Promise.allSettled(copies);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function copy(from: AsyncIterable<Uint8Array>, to: NodeJS.WriteStream): Promise<void> {
  for await (const chunk of from) {
    if (!to.write(chunk)) await new Promise((resolve) => to.once("drain", resolve));
  }
}
