/**
 * Images that need no registry: one generated program, or a static busybox, as the tar of a root file system.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { pack } from "tar-stream";

/** A file, directory or symbolic link of an image. */
export type Entry =
  | { readonly name: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly name: string; readonly mode: number; readonly directory: true }
  | { readonly name: string; readonly target: string };

/** The tar of `entries`, owned by root. */
export async function* imageTar(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const e of entries) {
    if ("content" in e)
      tar.entry({ name: e.name, mode: e.mode, size: e.content.length }, Buffer.from(e.content));
    else if ("target" in e) tar.entry({ name: e.name, type: "symlink", linkname: e.target });
    else tar.entry({ name: e.name, mode: e.mode, type: "directory" });
  }
  tar.finalize();
  yield* tar as AsyncIterable<Uint8Array>;
}

/** An image whose only file is the executable `/hello`. */
export function helloEntries(elf: Uint8Array): Entry[] {
  return [{ name: "hello", mode: 0o755, content: elf }];
}

/** A shell image from the static busybox at `path`, with a link for each of `applets`. */
export function busyboxEntries(path: string, applets: readonly string[]): Entry[] {
  const directories = ["bin", "etc", "tmp", "root", "home", "var"].map((name) => ({
    name,
    mode: name === "tmp" ? 0o1777 : 0o755,
    directory: true as const,
  }));
  const text = (s: string): Uint8Array => new TextEncoder().encode(s);
  return [
    ...directories,
    { name: "bin/busybox", mode: 0o755, content: readFileSync(path) },
    ...applets.filter((a) => a !== "busybox").map((a) => ({ name: `bin/${a}`, target: "busybox" })),
    {
      name: "etc/passwd",
      mode: 0o644,
      content: text("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n"),
    },
    { name: "etc/group", mode: 0o644, content: text("root:x:0:\nuser:x:1000:\n") },
  ];
}
