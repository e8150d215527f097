import { expect, it } from "vitest";
import { disassemble } from "./disassemble.ts";
import { ProgramBuilder } from "./program.ts";

it("disassemble() shows calls, results, policies, targets and names", () => {
  const p = new ProgramBuilder();
  const end = p.label();
  const fd = p.sys("openat", [-100, p.cstring("/proc"), 0o10000000], { name: "open /proc", onError: end });
  p.branch("lt", fd, 0, end);
  p.store("u32", p.addressOf(fd), 0, 7);
  p.sys("close", [fd], { tolerate: ["EBADF"] });
  p.place(end);
  p.value(1, fd);
  p.exit(0);
  expect(disassemble(p.build())).toBe(
    [
      '   0  $4 = openat(-100, "/proc", 0x200000)  on error jump 4  # open /proc',
      "   1  if $4 < 0 jump 4",
      "   2  store u32 [&$4 + 0] = 7",
      "   3  close($4)  tolerate EBADF",
      ">   4  report 2 tag 1 value $4",
      "   5  exit 0",
    ]
      .map((line) => (line.startsWith(">") ? line : ` ${line}`))
      .join("\n"),
  );
});
