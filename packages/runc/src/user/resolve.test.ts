import { describe, expect, it } from "vitest";
import { resolveGroups, resolveUser, UserError } from "./resolve.ts";

const files = {
  passwd: `
# comment
root:x:0:0:root:/root:/bin/sh
adm:x:42:43:adm:/var/adm:/bin/false
111:x:222:333::/var/garbage
odd
adm2:x:42:99::/second
`,
  group: `
root:x:0:root
adm:x:43:
grp:x:1234:root,adm,user1
adm:x:4343:root,adm-duplicate
this is just some garbage data
big:x:4294967295:
`,
};

describe("resolveUser()", () => {
  it.each([
    ["", { uid: 0, gid: 0, additionalGids: [0, 1234, 4343], home: "/root" }],
    ["root", { uid: 0, gid: 0, additionalGids: [0, 1234, 4343], home: "/root" }],
    ["adm", { uid: 42, gid: 43, additionalGids: [1234], home: "/var/adm" }],
    ["root:adm", { uid: 0, gid: 43, additionalGids: [], home: "/root" }],
    ["adm:1234", { uid: 42, gid: 1234, additionalGids: [], home: "/var/adm" }],
    ["42:1234", { uid: 42, gid: 1234, additionalGids: [], home: "/var/adm" }],
    ["42", { uid: 42, gid: 43, additionalGids: [1234], home: "/var/adm" }],
    ["111", { uid: 111, gid: 0, additionalGids: [], home: "/" }],
    ["1337:1338", { uid: 1337, gid: 1338, additionalGids: [], home: "/" }],
    [":adm", { uid: 0, gid: 43, additionalGids: [], home: "/root" }],
  ])("resolves %j", (spec, expected) => {
    expect(resolveUser(spec, files)).toEqual(expected);
  });

  it("takes numbers without any file, and the defaults", () => {
    expect(resolveUser("7:8", {})).toEqual({ uid: 7, gid: 8, additionalGids: [], home: "/" });
    const defaults = { uid: 5, gid: 6, additionalGids: [7], home: "/h" };
    expect(resolveUser("", {}, defaults)).toEqual(defaults);
  });

  it.each([
    ["nobody-here", "unable to find user nobody-here: no matching entries in passwd file"],
    ["root:nope", "unable to find group nope: no matching entries in group file"],
    ["-1", "uids and gids must be in range 0-2147483647"],
    ["2147483648", "uids and gids must be in range 0-2147483647"],
    ["0:99999999999999999999", "uids and gids must be in range"],
    ["0:big", "uids and gids must be in range"],
    ["0x10", "unable to find user 0x10"],
  ])("rejects %j", (spec, text) => {
    expect(() => resolveUser(spec, files)).toThrow(UserError);
    expect(() => resolveUser(spec, files)).toThrow(text);
  });
});

describe("resolveGroups()", () => {
  it("mixes names and numbers, each once", () => {
    expect(resolveGroups(["grp", "1234", "77", "adm"], files.group)).toEqual([1234, 77, 43]);
    expect(resolveGroups(["5"], undefined)).toEqual([5]);
    expect(() => resolveGroups(["nope"], undefined)).toThrow("unable to find group nope");
  });
});
