/**
 * The part of the port's program that runs in the child: from a copy of the command to the program that it names.
 *
 * @module
 */
import { REPORT_FD, slotOffset } from "./encode.ts";
import { COMMAND_FD, type Port, textAt } from "./port_state.ts";
import { ENTRY, ENTRY_KIND, FIELD, PREPARING } from "./port_wire.ts";
import { RESERVED_SLOTS, type Result } from "./program.ts";

const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const F_DUPFD_CLOEXEC = 1030;

/** In the child: descriptors, working directory, then the program. */
export function becomeLaunched({ p, command }: Port, seq: Result): void {
  p.mov(p.reportFd, REPORT_FD);
  p.arith("or", seq, PREPARING, { into: p.reportSeq });
  p.sys("rt_sigprocmask", [2, p.bss(8), 0, 8]);
  p.sys("close_range", [COMMAND_FD, 0xffff_ffffn, 0]);
  const path = textAt(p, command, FIELD.path);
  const file = p.sys("openat", [AT_FDCWD, path, O_CLOEXEC, 0], { name: "open launch program" });
  p.sys("unlinkat", [AT_FDCWD, path, 0], { onError: "ignore" });
  const image = p.loadImage(file);
  const cwd = p.load("u32", command, FIELD.cwd);
  p.when("ne", cwd, 0, () => p.sys("chdir", [p.arith("add", command, cwd)], { name: "change directory" }));

  const count = p.load("u32", command, FIELD.count);
  const index = p.slot();
  p.mov(index, 0);
  p.loop((leave) => {
    const next = p.label();
    p.branch("ge", index, count, leave);
    const entry = p.arith("add", p.arith("mul", index, ENTRY.size), command.at(FIELD.entries));
    const kind = p.load("u32", entry, ENTRY.kind);
    const value = p.load("u32", entry, ENTRY.value);
    p.branch("eq", kind, ENTRY_KIND.leave, next);
    const fd = p.slot();
    p.when(
      "eq",
      kind,
      ENTRY_KIND.path,
      () => {
        const flags = p.load("u32", entry, ENTRY.flags);
        const name = p.arith("add", command, value);
        p.sys("openat", [AT_FDCWD, name, p.arith("or", flags, O_CLOEXEC), 0o600], {
          into: fd,
          name: "open stdio",
        });
      },
      () => {
        const owner = p.sys("pidfd_open", [p.load("u32", command, FIELD.number), 0], { name: "open caller" });
        p.sys("pidfd_getfd", [owner, value, 0], { into: fd, name: "take descriptor of caller" });
        p.sys("close", [owner]);
      },
    );
    const high = p.sys("fcntl", [fd, F_DUPFD_CLOEXEC, COMMAND_FD]);
    p.sys("close", [fd]);
    const target = p.slot();
    p.mov(target, index);
    p.when("ge", target, 3, () => p.arith("add", target, 2, { into: target }));
    p.sys("dup3", [high, target, 0]);
    p.sys("close", [high]);
    p.place(next);
    p.arith("add", index, 1, { into: index });
  });
  p.store("u64", image, slotOffset(RESERVED_SLOTS.report), REPORT_FD);
  p.store("u64", image, slotOffset(RESERVED_SLOTS.seq), seq);
  p.enter(image);
}
