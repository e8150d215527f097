import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { directoryEntry, fileEntry, newcArchive, symlinkEntry } from "./newc.ts";

describe("newcArchive()", () => {
  it("writes headers of 13 hexadecimal fields, names with NUL, and pads to four bytes", () => {
    const archive = Buffer.from(newcArchive([fileEntry("ab", "xyz", 0o755)]));
    expect(archive.toString("latin1", 0, 110)).toBe(
      [
        ...["070701", "00000001", "000081ed", "00000000", "00000000", "00000001", "00000000", "00000003"],
        ...["00000000", "00000000", "00000000", "00000000", "00000003", "00000000"],
      ].join(""),
    );
    expect(archive.toString("latin1", 110, 116)).toBe("ab\0\0\0\0".slice(0, 6));
    expect(archive.toString("latin1").slice(116, 120)).toMatch(/^xyz|^\0\0xy/);
    expect(archive.length % 4).toBe(0);
    expect(archive.includes("TRAILER!!!\0")).toBe(true);
  });

  it("is read by busybox cpio as it was meant", () => {
    const dir = mkdtempSync(join(tmpdir(), "rt-newc-"));
    try {
      const entries = [directoryEntry("d"), fileEntry("d/f", "héllo\n", 0o640), symlinkEntry("d/l", "f")];
      execFileSync("busybox", ["cpio", "-id"], {
        cwd: dir,
        input: newcArchive(entries),
        stdio: ["pipe", "ignore", "ignore"],
      });
      expect(readFileSync(join(dir, "d/f"), "utf8")).toBe("héllo\n");
      expect(statSync(join(dir, "d/f")).mode & 0o777).toBe(0o640);
      expect(readlinkSync(join(dir, "d/l"))).toBe("f");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
