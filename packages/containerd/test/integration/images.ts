/**
 * A busybox image for system tests, made here: no registry is needed.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { Containerd } from "../../src/api/containerd.ts";
import { imageOf, storeImage, type TestEntry, tarOf } from "../../src/testing/layer.ts";

/** Name of the image. */
export const BUSYBOX = "docker.io/library/busybox:latest";

const commands = ["sh", "echo", "sleep", "cat", "true", "env", "kill", "ps", "id", "head", "seq"];

/** Puts the image into a containerd. */
export async function addBusybox(containerd: Containerd, namespace: string): Promise<void> {
  const program = readFileSync("/usr/bin/busybox");
  const entries: TestEntry[] = [
    ...["bin", "etc", "tmp", "proc", "sys", "dev"].map((name) => ({
      type: "directory" as const,
      name,
      mode: 0o755,
    })),
    { type: "file", name: "bin/busybox", mode: 0o755, body: program },
    ...commands.map((c) => ({ type: "symlink" as const, name: `bin/${c}`, linkName: "busybox" })),
    { type: "file", name: "etc/passwd", body: "root:x:0:0:root:/:/bin/sh\n" },
  ];
  const image = imageOf([{ tar: tarOf(entries) }]);
  await containerd.leases.create({ id: "add-busybox" }, { namespace });
  const call = { namespace, lease: "add-busybox" };
  await storeImage(containerd.content, image, call);
  await containerd.images.create({ name: BUSYBOX, target: image.target }, call);
  await containerd.leases.delete("add-busybox", {}, call);
}
