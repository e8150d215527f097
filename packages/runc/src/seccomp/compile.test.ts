import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runSeccompFilter } from "../testing/cbpf.ts";
import { seccompVerdict } from "./action.ts";
import { resolveArchs } from "./arch.ts";
import { compileSeccomp } from "./compile.ts";
import { SECCOMP_OPERATORS } from "./condition.ts";
import { SeccompProfileError } from "./profile_error.ts";
import { answersFor, evaluateAnswer, lastKnown, parseRules, type SeccompProfileInput } from "./rules.ts";
import { SYSCALLS_X32, X32_BIT } from "./syscalls_x32.ts";

const X86_64 = 0xc000_003e;
const I386 = 0x4000_0003;
const ARM64 = 0xc000_00b7;
const ALLOW = 0x7fff_0000;
const EPERM = 0x0005_0001;
const ENOSYS = 0x0005_0026;
const KILL = 0;

const docker = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../test/fixtures/docker_seccomp.json", import.meta.url)), "utf8"),
) as SeccompProfileInput;

const allow = (names: string[], args?: object[]) => ({ names, action: "SCMP_ACT_ALLOW", args }) as never;
const profile = (syscalls: object[], more: object = {}): SeccompProfileInput =>
  ({ defaultAction: "SCMP_ACT_ERRNO", syscalls, ...more }) as SeccompProfileInput;
const verdict = (p: SeccompProfileInput, nr: number, args: bigint[] = [], arch = X86_64): number =>
  runSeccompFilter(compileSeccomp(p, "x64").bytes, { arch, nr, args }).verdict;

describe("compileSeccomp() on Docker's default profile", () => {
  const filter = compileSeccomp(docker, "x64");

  it("allows, refuses and answers ENOSYS where the profile says so", () => {
    const run = (nr: number, args: bigint[] = [], arch = X86_64) =>
      runSeccompFilter(filter.bytes, { arch, nr, args }).verdict;
    expect(run(0)).toBe(ALLOW); // read
    expect(run(165)).toBe(EPERM); // mount
    expect(run(246)).toBe(EPERM); // kexec_load
    expect(run(56, [0x11n])).toBe(ALLOW); // clone, SIGCHLD
    expect(run(56, [0x1000_0000n])).toBe(EPERM); // clone, CLONE_NEWUSER
    expect(run(135, [8n])).toBe(ALLOW); // personality
    expect(run(135, [0x40000n])).toBe(EPERM);
    expect(run(9999)).toBe(ENOSYS);
    expect(run(4, [], I386)).toBe(ALLOW); // write on 32-bit x86
    expect(run(0, [], ARM64)).toBe(KILL);
  });

  it("is small and needs few instructions per call", () => {
    expect(filter.count).toBeLessThan(700);
    const worst = Math.max(
      ...Array.from({ length: 500 }, (_, nr) => runSeccompFilter(filter.bytes, { arch: X86_64, nr }).steps),
    );
    expect(worst).toBeLessThan(20);
  });

  it("compiles for arm64 too", () => {
    const arm = compileSeccomp({ ...docker, architectures: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] }, "arm64");
    expect(runSeccompFilter(arm.bytes, { arch: ARM64, nr: 63 }).verdict).toBe(ALLOW); // read
    expect(runSeccompFilter(arm.bytes, { arch: ARM64, nr: 40 }).verdict).toBe(EPERM); // mount
    expect(runSeccompFilter(arm.bytes, { arch: 0x4000_0028, nr: 3 }).verdict).toBe(ALLOW); // read, 32-bit
    expect(runSeccompFilter(arm.bytes, { arch: X86_64, nr: 0 }).verdict).toBe(KILL);
  });
});

describe("compileSeccomp() verdicts", () => {
  it("gives the verdict of every action, with errnoRet where it counts", () => {
    const of = (action: string, errnoRet?: number) =>
      verdict(profile([{ names: ["read"], action, errnoRet }], { defaultErrnoRet: 99 }), 0);
    expect(of("SCMP_ACT_KILL")).toBe(0);
    expect(of("SCMP_ACT_KILL_THREAD")).toBe(0);
    expect(of("SCMP_ACT_KILL_PROCESS")).toBe(0x8000_0000);
    expect(of("SCMP_ACT_TRAP")).toBe(0x0003_0000);
    expect(of("SCMP_ACT_ERRNO")).toBe(EPERM);
    expect(of("SCMP_ACT_ERRNO", 38)).toBe(ENOSYS);
    expect(of("SCMP_ACT_TRACE", 7)).toBe(0x7ff0_0007);
    expect(of("SCMP_ACT_LOG")).toBe(0x7ffc_0000);
    expect(of("SCMP_ACT_NOTIFY")).toBe(0x7fc0_0000);
    expect(of("SCMP_ACT_ALLOW", 5)).toBe(ALLOW);
    expect(verdict(profile([allow(["write"])], { defaultErrnoRet: 99 }), 0)).toBe(0x0005_0063);
  });

  it("answers ENOSYS only above the newest call that the profile names, rules equal to the default included", () => {
    const p = profile([allow(["read"]), { names: ["mseal"], action: "SCMP_ACT_ERRNO" }]);
    expect(verdict(p, 462)).toBe(EPERM);
    expect(verdict(p, 463)).toBe(ENOSYS);
    expect(verdict({ ...p, defaultAction: "SCMP_ACT_LOG" }, 463)).toBe(0x7ffc_0000);
  });

  it("kills x32 calls unless the profile has x32, and leaves -1 to the default", () => {
    const p = profile([allow(["read", "readv"])]);
    expect(verdict(p, X32_BIT)).toBe(KILL);
    expect(verdict(p, -1)).toBe(EPERM);
    const with32 = { ...p, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"] };
    expect(verdict(with32, X32_BIT)).toBe(ALLOW);
    expect(verdict(with32, X32_BIT | 515)).toBe(ALLOW);
    expect(verdict(with32, X32_BIT | 19)).toBe(EPERM);
    expect(verdict(with32, X32_BIT | 516)).toBe(ENOSYS);
    expect(verdict(with32, 19)).toBe(ALLOW);
  });

  it("reaches multiplexed calls of 32-bit x86", () => {
    const p = profile([allow(["bind"])], { architectures: ["SCMP_ARCH_X86"] });
    expect(verdict(p, 102, [2n], I386)).toBe(ALLOW);
    expect(verdict(p, 102, [1n], I386)).toBe(EPERM);
    expect(verdict(p, 361, [], I386)).toBe(ALLOW);
  });

  it("lets a rule without conditions win, and makes alternatives of two conditions on one argument", () => {
    const arg = (value: number) => ({ index: 0, op: "SCMP_CMP_EQ", value });
    const both = profile([
      { names: ["read"], action: "SCMP_ACT_KILL", args: [arg(5)] },
      { names: ["read"], action: "SCMP_ACT_ALLOW" },
    ]);
    expect(verdict(both, 0, [5n])).toBe(ALLOW);
    const either = profile([allow(["read"], [arg(5), arg(6)])]);
    expect([4n, 5n, 6n].map((a) => verdict(either, 0, [a]))).toEqual([EPERM, ALLOW, ALLOW]);
  });

  it("reports flags, the listener and unknown names", () => {
    const flags = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"];
    const filter = compileSeccomp(
      profile([{ names: ["read", "no_such_call"], action: "SCMP_ACT_NOTIFY" }], { flags }),
      "x64",
    );
    expect(filter).toMatchObject({ flags: 2 | 4 | 8, notify: true, unknown: ["no_such_call"] });
    expect(compileSeccomp(profile([]), "x64")).toMatchObject({ flags: 0, notify: false, unknown: [] });
  });

  it.each([
    [{ defaultAction: "ALLOW" }, "string ALLOW is not a valid action for seccomp"],
    [{ defaultAction: "SCMP_ACT_NOTIFY" }, "SCMP_ACT_NOTIFY cannot be used as default action"],
    [{ architectures: ["SCMP_ARCH_Z80"] }, "string SCMP_ARCH_Z80 is not a valid arch for seccomp"],
    [{ flags: ["X"] }, "seccomp flag X is not known to runc"],
    [{ syscalls: [{ names: [""], action: "SCMP_ACT_ALLOW" }] }, "empty string is not a valid syscall"],
    [{ syscalls: [{ names: ["write"], action: "SCMP_ACT_NOTIFY" }] }, "cannot be used for the write syscall"],
    [{ syscalls: [allow(["read"], [{ index: 6, op: "SCMP_CMP_EQ", value: 0 }])] }, "up to 6 arguments"],
    [
      { syscalls: [allow(["read"], [{ index: 0, op: "EQ", value: 0 }])] },
      "string EQ is not a valid operator",
    ],
  ])("rejects %j", (bad, text) => {
    const compile = () => compileSeccomp(profile([], bad), "x64");
    expect(compile).toThrow(SeccompProfileError);
    expect(compile).toThrow(text);
  });
});

const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 8n }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(0xffff_ffffn, 0x1_0000_0000n, (1n << 63n) - 1n, (1n << 64n) - 1n),
);
const condition = fc.record({
  index: fc.integer({ min: 0, max: 5 }),
  op: fc.constantFrom(...SECCOMP_OPERATORS),
  value: word,
  valueTwo: word,
});
const action = fc.constantFrom("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG");
const someName = fc.constantFrom("read", "write", "socket", "clone", "mseal", "semop", "ioctl", "execve");
const anyProfile = fc.record({
  defaultAction: action,
  architectures: fc.subarray(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
  syscalls: fc.array(
    fc.record({
      names: fc.array(someName, { minLength: 1, maxLength: 4 }),
      action,
      args: fc.array(condition, { maxLength: 3 }),
    }),
    { maxLength: 60 },
  ),
}) as fc.Arbitrary<SeccompProfileInput>;

describe("compileSeccomp() agrees with a direct reading of the profile", () => {
  it("for random profiles, calls and arguments", () => {
    const args = fc.array(word, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(anyProfile, fc.array(args, { minLength: 4, maxLength: 4 }), (p, argLists) => {
        const filter = compileSeccomp(p, "x64");
        const fallback = seccompVerdict(p.defaultAction);
        for (const arch of resolveArchs(p.architectures ?? [], "x64")) {
          const answers = answersFor(arch, parseRules(p));
          const last = lastKnown(arch, p) ?? Number.POSITIVE_INFINITY;
          const numbers = new Set(
            ["read", "socket", "mseal", "ioctl", "getpid"].map((n) => arch.syscalls[n]!),
          );
          for (const nr of [...numbers, ...answers.keys()]) {
            for (const list of argLists) {
              const expected =
                nr > last ? ENOSYS : evaluateAnswer(answers.get(nr) ?? [], list, arch.argBits, fallback);
              expect(runSeccompFilter(filter.bytes, { arch: arch.audit, nr, args: list }).verdict).toBe(
                expected,
              );
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("and keeps long programs reachable, with more than 255 instructions to jump", () => {
    const args = Array.from({ length: 200 }, (_, i) => ({ index: 0, op: "SCMP_CMP_EQ", value: 1000 + i }));
    const p = profile([allow(["read"], args), allow(["write"], args), allow(["getpid"])], {
      architectures: ["SCMP_ARCH_X86"],
    });
    expect(compileSeccomp(p, "x64").count).toBeGreaterThan(1000);
    expect(verdict(p, 1, [1199n])).toBe(ALLOW);
    expect(verdict(p, 1, [1200n])).toBe(EPERM);
    expect(verdict(p, 39)).toBe(ALLOW);
    expect(verdict(p, 20, [], I386)).toBe(ALLOW);
    const huge = profile([allow(["read", "write", "open", "close", "poll", "stat"], args)]);
    expect(() => compileSeccomp(huge, "x64")).toThrow("instructions, the kernel takes 4096");
  });
});

describe("SYSCALLS_X32", () => {
  it("has shared numbers with the bit, its own numbers, and lacks what x32 lacks", () => {
    expect(SYSCALLS_X32).toMatchObject({ read: X32_BIT, ioctl: X32_BIT | 514, pwritev2: X32_BIT | 547 });
    expect(SYSCALLS_X32).not.toHaveProperty("create_module");
  });
});
