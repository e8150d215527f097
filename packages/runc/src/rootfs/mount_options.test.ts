import { describe, expect, it } from "vitest";
import { MOUNT_ATTR, MS } from "../init/linux.ts";
import { MOUNT_OPTION_WORDS, parseMountOptions } from "./mount_options.ts";

const { rdonly, nosuid, nodev, noexec, noatime, strictatime, nodiratime, atimeMask } = MOUNT_ATTR;

describe("parseMountOptions()", () => {
  it("takes attributes, the last of a pair winning", () => {
    expect(parseMountOptions(["ro", "nosuid", "noexec", "nodev", "nodiratime"])).toMatchObject({
      set: rdonly | nosuid | noexec | nodev | nodiratime,
      clear: 0,
    });
    expect(parseMountOptions(["ro", "rw"])).toMatchObject({ set: 0, clear: rdonly, superblock: [] });
    expect(parseMountOptions(["suid", "nosuid"])).toMatchObject({ set: nosuid, clear: 0 });
  });

  it("treats the access times as one field", () => {
    expect(parseMountOptions(["noatime", "strictatime"])).toMatchObject({
      set: strictatime,
      clear: atimeMask,
    });
    expect(parseMountOptions(["noatime", "relatime"])).toMatchObject({ set: 0, clear: atimeMask });
    expect(parseMountOptions(["noatime", "atime"])).toMatchObject({ set: 0, clear: atimeMask });
    expect(parseMountOptions(["rnoatime"])).toMatchObject({
      set: 0,
      recursiveSet: noatime,
      recursiveClear: atimeMask,
    });
  });

  it("keeps recursive attributes apart", () => {
    expect(parseMountOptions(["rbind", "rro", "rnosuid"])).toMatchObject({
      bind: "recursive",
      set: 0,
      recursiveSet: rdonly | nosuid,
      superblock: [],
    });
  });

  it("knows bind, propagation, flags of the file system and its data", () => {
    expect(parseMountOptions(["bind", "rbind", "bind"]).bind).toBe("recursive");
    expect(parseMountOptions(["private", "rshared"]).propagation).toEqual([MS.private, MS.shared | MS.rec]);
    expect(parseMountOptions(["ro", "sync", "dirsync", "async"]).superblock).toEqual(["ro", "dirsync"]);
    expect(parseMountOptions(["mode=755", "size=1m", "nr_inodes=5", "newinstance"]).data).toEqual([
      "mode=755",
      "size=1m",
      "nr_inodes=5",
      "newinstance",
    ]);
    expect(parseMountOptions(["tmpcopyup"]).copyUp).toBe(true);
  });

  it("passes no word that it knows on to the file system", () => {
    expect(MOUNT_OPTION_WORDS.length).toBeGreaterThan(60);
    for (const word of MOUNT_OPTION_WORDS) expect([word, parseMountOptions([word]).data]).toEqual([word, []]);
  });
});
