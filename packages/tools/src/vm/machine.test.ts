import { describe, expect, it } from "vitest";
import { parseDepends } from "./debian.ts";
import { requestScript, shellQuote } from "./initramfs.ts";
import { loadingOrder } from "./kernel.ts";
import { MACHINES, qemuArguments } from "./machine.ts";

const start = {
  kernel: "/k",
  initramfs: "/i",
  consoleLog: "/log",
  folders: [{ tag: "usr", source: "/a,b", target: "/usr" }],
};

describe("qemuArguments()", () => {
  it("shares every folder read-only, and escapes its path", () => {
    for (const machine of MACHINES) {
      const args = qemuArguments(machine, start);
      expect(args[args.indexOf("-fsdev") + 1]).toBe(
        "local,id=usr,path=/a,,b,security_model=none,readonly=on,multidevs=remap",
      );
      expect(args).toContain("virtio-9p-pci,fsdev=usr,mount_tag=usr");
    }
  });

  it("has no network, one processor, and the machine's console", () => {
    for (const machine of MACHINES) {
      const args = qemuArguments(machine, start);
      expect(args).toContain("-nodefaults");
      expect(args.join(" ")).not.toMatch(/netdev|-nic|-net /);
      expect(args[args.indexOf("-smp") + 1]).toBe("1");
      expect(args[args.indexOf("-append") + 1]).toMatch(
        new RegExp(`^console=${machine.console} .*cgroup_no_v1=all`),
      );
    }
  });
});

describe("loadingOrder()", () => {
  const text = "a/x.ko: a/y.ko a/z-1.ko\na/y.ko: a/z-1.ko\na/z-1.ko:\nb/w.ko.xz:\n";
  it("puts dependencies first, each once, and leaves out what is built in", () => {
    expect(loadingOrder(text, ["w", "x", "builtin", "z_1"])).toEqual([
      "b/w.ko.xz",
      "a/z-1.ko",
      "a/y.ko",
      "a/x.ko",
    ]);
  });
});

describe("parseDepends()", () => {
  it("takes the first of alternatives, without versions", () => {
    expect(parseDepends("libc6 (>= 2.34), a | b, linux-image-6.1.0-56-arm64 (= 6.1.192-2)")).toEqual([
      ...["libc6", "a", "linux-image-6.1.0-56-arm64"],
    ]);
  });
});

describe("requestScript()", () => {
  it("quotes the command, its environment and its folder", () => {
    const script = requestScript({
      nonce: "n",
      init: "shell",
      command: ["echo", "it's $HOME"],
      cwd: "/a b",
      env: { X: "$(id)" },
      limitSeconds: 5,
      folders: { usr: "/usr", repo: "/r" },
      etc: [],
    });
    expect(script).toContain("FOLDERS='usr:/usr repo:/r'\n");
    expect(script).toContain("export X='$(id)'\n");
    expect(script).toContain("cd '/a b' && exec 'echo' 'it'\\''s $HOME'\n");
    expect(shellQuote("")).toBe("''");
  });
});
