import { describe, expect, it } from "vitest";
import { failureOf, fakeKernel } from "../testing/fake_kernel.ts";
import { mount, mountPointsBelow, unmount } from "./mount.ts";
import { MS, parseMountOptions } from "./mount_options.ts";

describe("parseMountOptions()", () => {
  it("sorts words into flags, propagation and data; the last of contradicting ones counts", () => {
    expect(parseMountOptions(["rbind", "ro", "rw", "nosuid", "rslave", "size=1m", "mode=755"])).toEqual({
      flags: MS.BIND | MS.REC | MS.NOSUID,
      cleared: MS.RDONLY,
      propagation: [MS.SLAVE | MS.REC],
      data: ["size=1m", "mode=755"],
    });
  });

  it("takes words that are properties of every object for data", () => {
    expect(parseMountOptions(["constructor", "toString"]).data).toEqual(["constructor", "toString"]);
  });
});

describe("mount()", () => {
  it("makes a read-only bind mount in two calls", async () => {
    const kernel = fakeKernel();
    await mount(kernel, { type: "bind", source: "/a", target: "/b", options: ["rbind", "ro"] });
    const flags = kernel.launches[0]!.program.ops.map((op) => op.args[3]);
    expect(flags).toEqual([
      { mode: "imm", value: BigInt(MS.BIND | MS.REC) },
      { mode: "imm", value: BigInt(MS.BIND | MS.REMOUNT | MS.RDONLY) },
    ]);
  });

  it("names the mount that failed", async () => {
    const kernel = fakeKernel((program) => ({
      records: [failureOf(program, "mount tmpfs on /t", 1)],
      status: { code: 1 },
    }));
    await expect(mount(kernel, { type: "tmpfs", source: "tmpfs", target: "/t" })).rejects.toMatchObject({
      name: "SyscallError",
      code: "PERMISSION_DENIED",
      message: "cannot mount tmpfs on /t: EPERM",
    });
  });

  it("gives an overlay with too many layers for one page one call per layer", async () => {
    const kernel = fakeKernel();
    const layers = Array.from({ length: 100 }, (_, i) => `/snapshots/${"x".repeat(60)}${i}/fs`);
    const options = [`lowerdir=${layers.join(":")}`, "upperdir=/u", "workdir=/w"];
    await mount(kernel, { type: "overlay", source: "overlay", target: "/m", options });
    const ops = kernel.launches[0]!.program.ops;
    expect(ops.filter((op) => op.name.endsWith("option lowerdir+"))).toHaveLength(100);
  });

  it("rejects options that are too long for any other file system", async () => {
    const long = { type: "tmpfs", source: "", target: "/m", options: ["x".repeat(5000)] };
    await expect(mount(fakeKernel(), long)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("unmount()", () => {
  it("tolerates that nothing is mounted there", async () => {
    const kernel = fakeKernel();
    await unmount(kernel, "/m", { detach: true });
    expect(kernel.launches[0]!.program.ops[0]).toMatchObject({
      syscall: "umount2",
      errnos: ["EINVAL", "ENOENT"],
    });
  });
});

describe("mountPointsBelow()", () => {
  it("finds the mount and what is below, last first, and no neighbours", () => {
    const line = (point: string): string => `1 2 0:3 / ${point} rw - tmpfs tmpfs rw`;
    const text = ["/", "/m", "/m/a", "/mm", "/m/a\\040b", "/x/m"].map(line).join("\n");
    expect(mountPointsBelow(text, "/m/")).toEqual(["/m/a b", "/m/a", "/m"]);
  });
});
