import { describe, expect, it } from "vitest";
import { parseCgroupLayout } from "./layout.ts";
import { cleanCgroupPath, resolveCgroupPaths } from "./path.ts";
import { subCgroup } from "./sub_path.ts";

const V1 = `
23 1 0:5 / / rw - ext4 /dev/sda rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd
`;
const HYBRID = `${V1}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n`;
const V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
const OWN =
  "4:memory:/user/me\n3:cpu,cpuacct:/\n2:devices:/user\n1:name=systemd:/init\n0::/user.slice/s1.scope\n";

describe("parseCgroupLayout()", () => {
  it("tells v1, hybrid and v2 apart", () => {
    expect(parseCgroupLayout(V1, OWN).mode).toBe("v1");
    expect(parseCgroupLayout(HYBRID, OWN)).toMatchObject({
      mode: "hybrid",
      unified: { mountpoint: "/sys/fs/cgroup/unified" },
    });
    expect(parseCgroupLayout(V2, OWN)).toMatchObject({ mode: "v2", v1: [] });
  });

  it("reads controllers, named hierarchies and this process's place", () => {
    const layout = parseCgroupLayout(V1, OWN);
    expect(layout.v1.map((m) => m.controllers)).toEqual([
      ["cpu", "cpuacct"],
      ["memory"],
      ["devices"],
      ["name=systemd"],
    ]);
    expect(layout.own).toMatchObject({ memory: "/user/me", cpuacct: "/", "": "/user.slice/s1.scope" });
  });

  it("undoes the escapes of mountinfo", () => {
    const layout = parseCgroupLayout("1 2 0:3 /a\\040b /m\\134n rw - cgroup2 x rw\n", "");
    expect(layout.unified).toMatchObject({ mountpoint: "/m\\n", root: "/a b" });
  });
});

describe("resolveCgroupPaths()", () => {
  it("takes an absolute path from the mount, and co-mounted controllers to one directory", () => {
    expect(resolveCgroupPaths(parseCgroupLayout(HYBRID, OWN), "/docker/../docker/x", "id")).toEqual({
      devices: "/sys/fs/cgroup/devices/docker/x",
      memory: "/sys/fs/cgroup/memory/docker/x",
      cpu: "/sys/fs/cgroup/cpu,cpuacct/docker/x",
      cpuacct: "/sys/fs/cgroup/cpu,cpuacct/docker/x",
      "name=systemd": "/sys/fs/cgroup/systemd/docker/x",
      "": "/sys/fs/cgroup/unified/docker/x",
    });
  });

  it("takes a relative path, or the id, from this process's own cgroup", () => {
    const v1 = parseCgroupLayout(V1, OWN);
    expect(resolveCgroupPaths(v1, "", "id").memory).toBe("/sys/fs/cgroup/memory/user/me/id");
    expect(resolveCgroupPaths(v1, "../../a/b", "id").devices).toBe("/sys/fs/cgroup/devices/user/a/b");
    const v2 = parseCgroupLayout(V2, OWN);
    expect(resolveCgroupPaths(v2, "", "id")).toEqual({ "": "/sys/fs/cgroup/user.slice/id" });
    expect(resolveCgroupPaths(v2, "/x", "id")).toEqual({ "": "/sys/fs/cgroup/x" });
  });

  it("finds its way where only a part of the hierarchy is mounted", () => {
    const nested = V1.replace("0:32 / /sys", "0:32 /user /sys");
    expect(resolveCgroupPaths(parseCgroupLayout(nested, OWN), "", "id").memory).toBe(
      "/sys/fs/cgroup/memory/me/id",
    );
  });

  it("rejects a machine whose devices cannot be confined, and paths that no file can have", () => {
    const without = V1.replace(/.*devices.*\n/, "");
    expect(() => resolveCgroupPaths(parseCgroupLayout(without, OWN), "/x", "id")).toThrow(
      "mountpoint for devices not found",
    );
    expect(() => resolveCgroupPaths(parseCgroupLayout(V1, OWN), "/x\n0", "id")).toThrow(
      "cannot resolve cgroup path",
    );
  });
});

describe("cleanCgroupPath()", () => {
  it.each([
    ["", ""],
    ["/", "/"],
    ["/../../etc", "/etc"],
    ["../../etc", "etc"],
    ["a//b/./c/..", "a/b"],
  ])("cleans %j to %j", (path, expected) => {
    expect(cleanCgroupPath(path)).toBe(expected);
  });

  it("keeps exec's sub-cgroup below the container's", () => {
    expect(subCgroup("/m/x", "a/b")).toBe("/m/x/a/b");
    expect(() => subCgroup("/m/x", "../y")).toThrow("bad sub cgroup path: ../y");
    expect(() => subCgroup("/m/x", "../xy")).toThrow("bad sub cgroup path");
  });
});
