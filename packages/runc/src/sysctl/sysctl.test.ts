import { describe, expect, it } from "vitest";
import { dottedSysctl, resolveSysctls, sysctlPath, sysctlRefusal } from "./sysctl.ts";

const all = { ipc: true, network: true, uts: true, user: true };
const none = { ipc: false, network: false, uts: false, user: false };

describe("sysctlPath()", () => {
  it.each([
    ["net.ipv4.ip_forward", "net/ipv4/ip_forward"],
    ["net/ipv4/ip_forward", "net/ipv4/ip_forward"],
    ["net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"],
    ["net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"],
  ])("maps %s to %s", (key, path) => {
    expect(sysctlPath(key)).toBe(path);
  });

  it("has one dotted form for both spellings", () => {
    expect(dottedSysctl("net/ipv4/conf/eth0.1/x")).toBe("net.ipv4.conf.eth0/1.x");
    expect(dottedSysctl("kernel")).toBe("kernel");
  });
});

describe("sysctlRefusal()", () => {
  it.each([
    ["kernel.shmmax", "hosts ipc namespace"],
    ["fs.mqueue.msg_max", "hosts ipc namespace"],
    ["net.core.somaxconn", "host network namespace"],
    ["net/core/somaxconn", "host network namespace"],
    ["user.max_user_namespaces", "without a user namespace"],
    ["kernel.domainname", "not in a separate kernel namespace"],
  ])("refuses %s without the namespace and allows it with it", (key, text) => {
    expect(sysctlRefusal(key, none)).toContain(text);
    expect(sysctlRefusal(key, all)).toBeUndefined();
  });

  it.each(["kernel.core_pattern", "vm.swappiness", "kernel/core_pattern", "kernel.hostname", ""])(
    "always refuses %j",
    (key) => {
      expect(sysctlRefusal(key, all)).toBeDefined();
    },
  );
});

describe("resolveSysctls()", () => {
  it("gives paths and values in order", () => {
    expect(resolveSysctls({ "net.core.somaxconn": "1", "kernel.shmmax": "2" }, all)).toEqual([
      { key: "net.core.somaxconn", path: "net/core/somaxconn", value: "1" },
      { key: "kernel.shmmax", path: "kernel/shmmax", value: "2" },
    ]);
  });

  it.each(["net.", "net./..x", "net.//.kernel.core_pattern", "net..core", "net.//.//.kernel"])(
    "rejects %j, which is no path below /proc/sys",
    (key) => {
      expect(() => resolveSysctls({ [key]: "1" }, all)).toThrow(/not a valid key/);
    },
  );
});
