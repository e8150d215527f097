/**
 * Bundles for tests: a busybox root file system and a configuration.
 *
 * @module
 */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultSpec, formatJson, type Spec } from "../oci.ts";

/** Where Debian's busybox-static is. */
export const BUSYBOX = "/usr/bin/busybox";

const APPLETS =
  "sh ls cat echo id env sleep true false tty stat mount hostname ps kill mkdir touch grep head wc readlink stty trap seq dd ip";

/** Makes a root file system of busybox in `directory`. */
export function busyboxRootfs(directory: string): void {
  for (const name of ["bin", "etc", "proc", "sys", "dev", "tmp", "root"]) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  copyFileSync(BUSYBOX, join(directory, "bin/busybox"));
  for (const name of APPLETS.split(" ")) symlinkSync("busybox", join(directory, "bin", name));
  writeFileSync(
    join(directory, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n",
  );
  writeFileSync(join(directory, "etc/group"), "root:x:0:\nuser:x:1000:\n");
}

/** A configuration that runs `args` without a terminal, as the spec version that the peers know. */
export function testSpec(args: readonly string[], configure: (spec: Spec) => void = () => {}): Spec {
  const spec = defaultSpec({ ociVersion: "1.0.2" });
  spec.process = { ...spec.process!, args: [...args], terminal: false };
  spec.root = { path: "rootfs", readonly: false };
  configure(spec);
  return spec;
}

/** Writes config.json into the bundle `directory`. */
export function writeSpec(directory: string, spec: Spec): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "config.json"), formatJson(spec));
}
