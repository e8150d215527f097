import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LinuxDeviceCgroup } from "../oci.ts";
import { runDeviceFilter } from "../testing/ebpf.ts";
import { compileDeviceFilter, progAttachAttr, progLoadAttr } from "./device_filter.ts";
import {
  DEFAULT_DEVICE_RULES,
  deviceState,
  deviceTransition,
  isAllowAll,
  isDeviceAllowed,
  parseDevicesList,
} from "./device_rules.ts";
import { canSkipDeviceFilter, deviceFilterV2 } from "./v2/devices.ts";

const rule = (allow: boolean, type: "a" | "b" | "c", major?: number, minor?: number, access = "rwm") =>
  ({
    allow,
    type,
    access,
    ...(major === undefined ? {} : { major }),
    ...(minor === undefined ? {} : { minor }),
  }) as LinuxDeviceCgroup;
const lines = (from: string, to: LinuxDeviceCgroup[]): string[] =>
  deviceTransition(parseDevicesList(from), deviceState(to)).map(
    (l) => `${l.allow ? "allow" : "deny"} ${l.text}`,
  );

describe("deviceState()", () => {
  it("starts from deny-all, unites access, and starts again at a wildcard rule", () => {
    expect(deviceState([])).toEqual({ allowByDefault: false, exceptions: [] });
    const state = deviceState([rule(true, "c", 1, 3, "r"), rule(true, "c", 1, 3, "w"), rule(true, "b", 8)]);
    expect(state.exceptions).toEqual([
      { kind: "c", major: 1, minor: 3, access: 3 },
      { kind: "b", major: 8, minor: -1, access: 7 },
    ]);
    expect(isAllowAll(deviceState([rule(false, "c", 1, 3), rule(true, "a")]))).toBe(true);
  });

  it.each([
    [[rule(true, "c"), rule(false, "c", 1, 3)], "cannot punch hole in existing wildcard rule c *:* rwm"],
    [[rule(true, "c", 1), rule(false, "c", 1, 3, "r")], "cannot punch hole"],
    [[rule(true, "c", 1, 3, "")], "device access at 0 field cannot be empty"],
    [[rule(true, "c", 1, 3, "x")], "unknown device access x"],
    [[{ ...rule(true, "c", 1, 3), type: "u" } as never], 'invalid device type "u"'],
  ])("rejects %j", (rules, text) => {
    expect(() => deviceState(rules)).toThrow(text);
  });
});

describe("deviceTransition()", () => {
  it("denies all first when the cgroup is fresh", () => {
    expect(lines("a *:* rwm\n", [rule(false, "a"), ...DEFAULT_DEVICE_RULES])).toEqual([
      "deny a *:* rwm",
      "allow b *:* m",
      "allow c *:* m",
      "allow c 1:3 rwm",
      "allow c 1:5 rwm",
      "allow c 1:7 rwm",
      "allow c 1:8 rwm",
      "allow c 1:9 rwm",
      "allow c 5:0 rwm",
      "allow c 5:2 rwm",
      "allow c 136:* rwm",
    ]);
  });

  it("writes nothing when nothing changes, and only the difference otherwise", () => {
    const list = "c 1:3 rwm\nb *:* m\nc 136:* rwm\n";
    const same = [rule(true, "b", undefined, undefined, "m"), rule(true, "c", 1, 3), rule(true, "c", 136)];
    expect(lines(list, same)).toEqual([]);
    expect(lines(list, [rule(true, "c", 1, 3, "r"), rule(true, "c", 136), rule(true, "c", 1, 5)])).toEqual([
      "deny b *:* m",
      "deny c 1:3 wm",
      "allow c 1:5 rwm",
    ]);
    expect(lines(list, [rule(true, "a")])).toEqual(["allow a *:* rwm"]);
  });
});

const anyRule = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom("a", "b", "c"),
    fc.constantFrom(undefined, 1, 2, 8),
    fc.constantFrom(undefined, 0, 3),
    fc.constantFrom("r", "w", "m", "rw", "rwm"),
  )
  .map(([allow, type, major, minor, access]) => rule(allow, type as "a", major, minor, access));

describe("compileDeviceFilter()", () => {
  it("agrees with a direct reading of the state, for random rules and accesses", () => {
    let compiled = 0;
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 12 }), (rules) => {
        let state: ReturnType<typeof deviceState>;
        try {
          state = deviceState(rules);
        } catch {
          return;
        }
        compiled++;
        const program = compileDeviceFilter(state);
        for (const kind of ["b", "c"] as const) {
          for (const major of [0, 1, 2, 8]) {
            for (const minor of [0, 3, 4]) {
              for (const access of [1, 2, 4, 3, 7]) {
                const wanted = Number(isDeviceAllowed(state, kind, major, minor, access));
                expect(runDeviceFilter(program, { kind, major, minor, access })).toBe(wanted);
              }
            }
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(compiled).toBeGreaterThan(50);
  });

  it("lets a default container use null and make nodes, and nothing else", () => {
    const program = deviceFilterV2([rule(false, "a"), ...DEFAULT_DEVICE_RULES])!;
    const ask = (kind: "b" | "c", major: number, minor: number, access: number) =>
      runDeviceFilter(program, { kind, major, minor, access });
    expect(ask("c", 1, 3, 3)).toBe(1);
    expect(ask("c", 136, 77, 3)).toBe(1);
    expect(ask("b", 8, 0, 4)).toBe(1);
    expect(ask("b", 8, 0, 1)).toBe(0);
    expect(ask("c", 1, 1, 1)).toBe(0);
    expect(ask("c", 1, 1, 6)).toBe(0);
  });

  it("refuses read and write together where only one of them is denied", () => {
    const program = deviceFilterV2([rule(true, "a"), rule(false, "c", 1, 3, "w")])!;
    const ask = (access: number) => runDeviceFilter(program, { kind: "c", major: 1, minor: 3, access });
    expect([1, 2, 3, 4].map(ask)).toEqual([1, 0, 0, 1]);
  });

  it("is not needed where all is allowed", () => {
    expect(deviceFilterV2([rule(true, "a")])).toBeUndefined();
    expect(canSkipDeviceFilter([rule(true, "a")])).toBe(true);
    expect(canSkipDeviceFilter([rule(true, "c", 1, 3, "r")])).toBe(false);
  });
});

describe("progLoadAttr()", () => {
  it("puts type and length where the kernel reads them", () => {
    const load = progLoadAttr(7);
    expect([...new Uint32Array(load.bytes.buffer).slice(0, 2)]).toEqual([15, 7]);
    expect(load.fill).toEqual({ insns: 8, license: 16 });
    expect([...new Uint32Array(progAttachAttr().bytes.buffer)]).toEqual([0, 0, 6, 2, 0]);
  });
});
