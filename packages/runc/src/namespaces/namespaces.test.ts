import { describe, expect, it } from "vitest";
import { CLONE } from "../init/linux.ts";
import { cloneFlags, planNamespaces } from "./namespaces.ts";
import { mapText } from "./user.ts";

describe("planNamespaces()", () => {
  it("tells new from joined, user first among the joined", () => {
    const plan = planNamespaces([
      { type: "pid" },
      { type: "network", path: "/net" },
      { type: "user", path: "/user" },
      { type: "cgroup" },
    ]);
    expect([...plan.created]).toEqual(["pid", "cgroup"]);
    expect(plan.joined).toEqual([
      ["user", "/user"],
      ["network", "/net"],
    ]);
    expect(cloneFlags(plan)).toBe(CLONE.pid);
  });

  it("refuses a type twice and a type that there is not, in runc's words", () => {
    expect(() => planNamespaces([{ type: "pid" }, { type: "pid", path: "/x" }])).toThrow(
      'malformed spec file: duplicated ns {"pid" "/x"}',
    );
    expect(() => planNamespaces([{ type: "foo" as "pid" }])).toThrow('namespace {"foo" ""} does not exist');
  });
});

describe("mapText()", () => {
  it("writes a line per mapping", () => {
    expect(
      mapText([
        { containerID: 0, hostID: 1000, size: 1 },
        { containerID: 1, hostID: 100_000, size: 65_536 },
      ]),
    ).toBe("0 1000 1\n1 100000 65536\n");
  });
});
