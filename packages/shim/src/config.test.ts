import { describe, expect, test } from "vitest";
import { loadConfig } from "./config.ts";

describe("loadConfig()", () => {
  test("loadConfig() reads what containerd passes, action last", () => {
    const argv =
      "-namespace moby -address /c.sock -publish-binary /usr/bin/containerd -id web -debug start".split(" ");
    expect(loadConfig(argv, { TTRPC_ADDRESS: "/t.sock", PATH: "/bin" }, "/bundle")).toMatchObject({
      ...{ action: "start", id: "web", namespace: "moby", address: "/c.sock", ttrpcAddress: "/t.sock" },
      ...{ bundle: "/bundle", debug: true, publishBinary: "/usr/bin/containerd", path: "/bin" },
    });
  });

  test("loadConfig() takes the bundle from its flag, and containerd's usual address for events", () => {
    const config = loadConfig(["-namespace", "n", "-address", "/c", "-bundle", "/b", "delete"], {}, "/");
    expect(config).toMatchObject({ action: "delete", bundle: "/b", ttrpcAddress: "/c.ttrpc" });
  });

  test("loadConfig() serves without an action, and tells of itself without a namespace", () => {
    expect(loadConfig(["-namespace", "n"], {}, "/").action).toBe("serve");
    expect(loadConfig(["-v"], {}, "/").action).toBe("version");
    expect(loadConfig(["-info"], {}, "/").action).toBe("info");
  });

  test("loadConfig() refuses unknown flags and actions, and a missing namespace", () => {
    expect(() => loadConfig(["-namespace", "n", "-nope"], {}, "/")).toThrow(
      "flag provided but not defined: -nope",
    );
    expect(() => loadConfig(["-namespace", "n", "fly"], {}, "/")).toThrow("unknown action fly");
    expect(() => loadConfig(["start"], {}, "/")).toThrow("shim namespace cannot be empty");
  });
});
