import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { LinuxContainerResourcesSchema, MountSchema } from "../api/gen/runtime/v1/api_pb.ts";
import { MountPropagation, Signal } from "../api/types.ts";
import { bindOf, mountOf } from "./mounts.ts";
import { criResources, engineResources } from "./resources.ts";
import { signalName, signalOf } from "./signals.ts";
import { nanosOf, sinceOf } from "./time.ts";

describe("times", () => {
  test("become nanoseconds and back", () => {
    expect(nanosOf("2026-11-20T22:00:00.000000001Z")).toBe(1_795_212_000_000_000_001n);
    expect(nanosOf("2026-11-20T23:00:00.5+01:00")).toBe(1_795_212_000_500_000_000n);
    expect(sinceOf(1_795_212_000_000_000_001n)).toBe("1795212000.000000001");
  });

  test("that are none are zero", () => {
    for (const text of [undefined, "", "0001-01-01T00:00:00Z", "yesterday", "2026-13-40T00:00:00Z"]) {
      expect(nanosOf(text)).toBe(0n);
    }
  });
});

describe("signals", () => {
  test("all have a name that is read back", () => {
    for (const signal of Object.values(Signal).filter((s) => s !== Signal.RUNTIME_DEFAULT)) {
      expect(signalOf(signalName(signal))).toBe(signal);
    }
    expect(signalName(Signal.SIGRTMINPLUS3)).toBe("SIGRTMIN+3");
    expect(signalName(Signal.SIGRTMAXMINUS1)).toBe("SIGRTMAX-1");
    expect(signalName(Signal.RUNTIME_DEFAULT)).toBeUndefined();
    expect([signalOf("TERM"), signalOf("nonsense"), signalOf(undefined)]).toEqual([Signal.SIGTERM, 0, 0]);
  });
});

describe("resources", () => {
  test("that are zero are not set; swap is as much as memory", () => {
    const of = (init: object) => engineResources(create(LinuxContainerResourcesSchema, init));
    expect(of({})).toEqual({});
    expect(of({ memoryLimitInBytes: 5n, cpuShares: 2n, cpusetCpus: "0-1" })).toEqual({
      Memory: 5,
      MemorySwap: 5,
      CpuShares: 2,
      CpusetCpus: "0-1",
    });
    expect(of({ memoryLimitInBytes: 5n, memorySwapLimitInBytes: 9n })).toEqual({ Memory: 5, MemorySwap: 9 });
    expect(criResources({ Memory: 5, CpuQuota: 7 })).toMatchObject({ memoryLimitInBytes: 5n, cpuQuota: 7n });
  });
});

describe("mounts", () => {
  const bind = (init: object) =>
    bindOf(create(MountSchema, { hostPath: "/h", containerPath: "/c", ...init }));

  test("become binds", () => {
    expect(bind({})).toBe("/h:/c");
    expect(bind({ readonly: true, propagation: MountPropagation.PROPAGATION_HOST_TO_CONTAINER })).toBe(
      "/h:/c:ro,rslave",
    );
    expect(bind({ selinuxRelabel: true, propagation: MountPropagation.PROPAGATION_BIDIRECTIONAL })).toBe(
      "/h:/c:Z,rshared",
    );
  });

  test("that would mean something else are refused", () => {
    expect(() => bind({ hostPath: "/a:/etc" })).toThrow(/must not contain a colon/);
    expect(() => bind({ containerPath: "c" })).toThrow(/must be absolute/);
    expect(() => bind({ hostPath: "volume" })).toThrow(/must be absolute/);
    expect(() => bind({ image: { image: "x" } })).toThrow(/mounts of images/);
    expect(() => bind({ recursiveReadOnly: true })).toThrow(/recursive read-only/);
    expect(() => bind({ mountOptions: ["exec"] })).toThrow(/mount options/);
    expect(() => bind({ uidMappings: [{ hostId: 1 }] })).toThrow(/id mappings/);
  });

  test("are shown as they are", () => {
    const point = {
      Type: "bind",
      Source: "/h",
      Destination: "/c",
      Mode: "",
      RW: false,
      Propagation: "rslave",
    };
    expect(mountOf(point)).toEqual({
      hostPath: "/h",
      containerPath: "/c",
      readonly: true,
      propagation: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
    });
  });
});
