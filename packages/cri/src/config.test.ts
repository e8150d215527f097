import { describe, expect, test } from "vitest";
import { parseCommandLine } from "./config.ts";

describe("parseCommandLine()", () => {
  test("reads cri-dockerd's flags", () => {
    const argv = ["--container-runtime-endpoint", "unix:///a.sock", "--docker-endpoint=unix:///b.sock"];
    expect(parseCommandLine([...argv, "--cri-dockerd-root-directory", "/r", "--log-level=debug"])).toEqual({
      command: "serve",
      config: {
        address: "/a.sock",
        engineAddress: "unix:///b.sock",
        root: "/r",
        pauseImage: "rt/pause:1",
        logLevel: "debug",
      },
    });
    expect(parseCommandLine(["--version"])).toEqual({ command: "version" });
  });

  test("refuses what it cannot do, before anything is started", () => {
    expect(() => parseCommandLine(["--nonsense"])).toThrow("unknown flag: --nonsense");
    expect(() => parseCommandLine(["serve"])).toThrow("unknown command: serve");
    expect(() => parseCommandLine(["--network-plugin=cni"])).toThrow(/network plugin "cni" is not supported/);
    expect(() => parseCommandLine(["--docker-endpoint=tcp://1.2.3.4:2375"])).toThrow(/is not a unix socket/);
    expect(() => parseCommandLine(["--container-runtime-endpoint=relative"])).toThrow(/is not a unix socket/);
    expect(() => parseCommandLine(["--log-level=loud"])).toThrow('not a valid logrus Level: "loud"');
  });
});
