import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Kernel } from "../../src/kernel.ts";
import {
  changeFiles,
  deviceNumber,
  makeFifo,
  mount,
  ProgramBuilder,
  portKernel,
  run,
  unmount,
} from "../../src/kernel.ts";
import { missingRoot, titled } from "./requirements.ts";

const rootless = missingRoot();

describe.skipIf(rootless !== undefined)(titled("files and mounts by the kernel port", rootless), () => {
  let kernel: Kernel;
  let directory: string;
  beforeEach(async () => {
    kernel = portKernel();
    directory = mkdtempSync("/run/rt-files-");
    await mount(kernel, {
      type: "tmpfs",
      source: "tmpfs",
      target: directory,
      options: ["size=16m", "mode=711", "nosuid"],
    });
  });
  afterEach(async () => {
    await unmount(kernel, directory, { recursive: true });
    await kernel[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(directory);
  });

  it("mount() makes overlays with more layers than fit in a page", async () => {
    const layers = Array.from({ length: 120 }, (_, i) =>
      join(directory, `a-layer-with-a-rather-long-directory-name-${i}`),
    );
    for (const [i, layer] of layers.entries()) {
      mkdirSync(layer);
      writeFileSync(join(layer, `file-${i}`), "");
    }
    for (const name of ["upper", "work", "merged"]) mkdirSync(join(directory, name));
    const target = join(directory, "merged");
    const options = [
      `lowerdir=${layers.join(":")}`,
      `upperdir=${directory}/upper`,
      `workdir=${directory}/work`,
    ];
    await mount(kernel, { type: "overlay", source: "overlay", target, options });
    expect(readdirSync(target)).toHaveLength(120);
  });

  it("mount() makes read-only bind mounts; unmount() says EBUSY, detaches, and does not mind twice", async () => {
    const [source, target] = [join(directory, "source"), join(directory, "target")];
    mkdirSync(source);
    mkdirSync(target);
    await mount(kernel, { type: "bind", source, target, options: ["rbind", "ro", "rprivate"] });
    expect(() => writeFileSync(join(target, "x"), "")).toThrow("EROFS");
    const open = new ProgramBuilder();
    open.sys("chdir", [open.cstring(target)]);
    open.sys("ppoll", [0, 0, 0, 0, 0]);
    const user = await kernel.launch(open.build());
    await expect
      .poll(() =>
        unmount(kernel, target).then(
          () => "done",
          (err) => err.message,
        ),
      )
      .toContain("EBUSY");
    await unmount(kernel, target, { detach: true });
    await unmount(kernel, target);
    process.kill(user.pid, "SIGKILL");
    await user.exited;
  });

  it("mount() names the mount that failed", async () => {
    const bad = { type: "ext4", source: "/rt/none", target: join(directory, "none") };
    await expect(mount(kernel, bad)).rejects.toMatchObject({
      message: `cannot mount ext4 on ${directory}/none: ENOENT`,
      code: "NOT_FOUND",
    });
  });

  it("changeFiles() makes nodes, attributes, owners and modes, of links themselves", async () => {
    mkdirSync(join(directory, "sub"));
    writeFileSync(join(directory, "sub/file"), "");
    symlinkSync("file", join(directory, "sub/link"));
    await changeFiles(kernel, directory, [
      { kind: "mknod", path: "/null", mode: 0o020666, major: 1, minor: 3 },
      { kind: "mknod", path: "sub/whiteout", mode: 0o020000 },
      { kind: "mknod", path: "big", mode: 0o060600, major: 259, minor: 300 },
      { kind: "chown", path: "sub/link", uid: 5, gid: 6 },
      { kind: "chmod", path: "sub/file", mode: 0o4711 },
      {
        kind: "setxattr",
        path: "sub/file",
        name: "security.capability",
        value: Buffer.from("0100000200040000000000000000000000000000", "hex"),
      },
      { kind: "setxattr", path: "sub", name: "trusted.overlay.opaque", value: Buffer.from("y") },
    ]);
    expect(lstatSync(join(directory, "null"))).toMatchObject({ mode: 0o020666, rdev: 0x103 });
    expect(lstatSync(join(directory, "sub/whiteout"))).toMatchObject({ mode: 0o020000, rdev: 0 });
    expect(lstatSync(join(directory, "big")).rdev).toBe(deviceNumber(259, 300));
    expect(lstatSync(join(directory, "sub/link"))).toMatchObject({ uid: 5, gid: 6 });
    expect(lstatSync(join(directory, "sub/file"))).toMatchObject({ uid: 0, mode: 0o104711 });
    const p = new ProgramBuilder();
    const value = p.bss(32);
    const length = p.sys("lgetxattr", [
      p.cstring(join(directory, "sub")),
      p.cstring("trusted.overlay.opaque"),
      value,
      32,
    ]);
    p.data(1, value, length);
    expect(Buffer.from((await run(kernel, p.build())).data.get(1)!).toString()).toBe("y");
  });

  it("changeFiles() never leaves the root, by a link in the middle or at the end", async () => {
    symlinkSync("/etc", join(directory, "out"));
    symlinkSync("/etc/passwd", join(directory, "last"));
    const before = lstatSync("/etc/passwd");
    const make = { kind: "mknod", path: "out/rt-escaped", mode: 0o100644 } as const;
    await expect(changeFiles(kernel, directory, [make])).rejects.toThrow(
      `cannot open out in ${directory}: ENOENT`,
    );
    expect(existsSync("/etc/rt-escaped")).toBe(false);
    await changeFiles(kernel, directory, [{ kind: "chown", path: "last", uid: 7, gid: 7 }]);
    await expect(
      changeFiles(kernel, directory, [{ kind: "chmod", path: "last", mode: 0o777 }]),
    ).rejects.toThrow("chmod last");
    await expect(
      changeFiles(kernel, directory, [{ kind: "mknod", path: "../../escaped", mode: 0o100644 }]),
    ).resolves.toBeUndefined();
    expect(existsSync(join(directory, "escaped"))).toBe(true);
    const after = lstatSync("/etc/passwd");
    expect([after.uid, after.mode]).toEqual([before.uid, before.mode]);
  });

  it("changeFiles() makes thousands of changes", async () => {
    const changes = Array.from(
      { length: 2500 },
      (_, i) => ({ kind: "mknod", path: `n${i}`, mode: 0o100600 }) as const,
    );
    await changeFiles(kernel, directory, changes);
    expect(readdirSync(directory)).toHaveLength(2500);
  });

  it("makeFifo() makes a FIFO of the mode it is told, whatever the umask, and not over anything", async () => {
    const path = join(directory, "fifo");
    await makeFifo(kernel, path, 0o722);
    expect(lstatSync(path).mode).toBe(0o010722);
    await expect(makeFifo(kernel, path)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  });
});
