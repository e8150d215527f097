import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig, dumpConfig, loadConfig, logLevel, withFlags } from "./config.ts";

describe("loadConfig()", () => {
  let dir: string;
  const load = (text: string) => {
    const path = join(dir, "config.toml");
    writeFileSync(path, text);
    return loadConfig(path);
  };
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "rt-config-"));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test("reads containerd's keys and leaves the rest alone", () => {
    const config = load(`
      version = 2
      root = "/r"
      state = "/s"
      oom_score = -999
      [grpc]
        address = "/a.sock"
        uid = 0
      [debug]
        level = "warn"
      [plugins."io.containerd.gc.v1.scheduler"]
        schedule_delay = "1.5s"
        startup_delay = "100ms"
        deletion_threshold = 5
      [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = "x"
      [plugins."io.containerd.runtime.v2.task".shims]
        "io.x.y.v2" = "/opt/shim"
    `);
    expect(config).toMatchObject({
      root: "/r",
      state: "/s",
      address: "/a.sock",
      ttrpcAddress: "/a.sock.ttrpc",
    });
    expect(config.logLevel).toBe("warn");
    expect(config.gc).toMatchObject({ scheduleDelayMs: 1500, startupDelayMs: 100, deletionThreshold: 5 });
    expect(config.shims["io.x.y.v2"]).toBe("/opt/shim");
  });

  test("what it dumps it reads", () => {
    const config = withFlags(defaultConfig(), { root: "/x", address: "/y.sock", logFormat: "json" });
    expect({ ...load(dumpConfig(config)), path: "" }).toEqual({ ...config, path: "" });
  });

  test.each([
    ["version = 1", /version 1 is not 2 or 3/],
    ["version = 2\nroot = 5", /root is not a string/],
    ["version = 2\ngrpc = 5", /grpc is not a table/],
    ['version = 2\n[debug]\nlevel = "loud"', /not a valid logrus Level: "loud"/],
    [
      'version = 2\n[plugins."io.containerd.gc.v1.scheduler"]\nschedule_delay = "soon"',
      /schedule_delay is not a duration/,
    ],
    ["version = ", /cannot read configuration/],
  ])("%j is refused", (text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  test("a file that is not there is named", () => {
    expect(() => loadConfig("/no/such.toml")).toThrow(/cannot read configuration \/no\/such.toml/);
  });
});

describe("withFlags()", () => {
  test("the ttrpc address follows the address", () => {
    expect(withFlags(defaultConfig(), { address: "/z" }).ttrpcAddress).toBe("/z.ttrpc");
    expect(withFlags(defaultConfig(), { address: "/z", ttrpcAddress: "/t" }).ttrpcAddress).toBe("/t");
  });
});

describe("logLevel()", () => {
  test.each([
    ["trace", "debug"],
    ["warning", "warn"],
    ["fatal", "error"],
  ])("%s is %s", (text, level) => expect(logLevel(text)).toBe(level));
});
