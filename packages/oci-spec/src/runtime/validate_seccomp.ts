/**
 * Checks of `linux.seccomp`.
 *
 * Source: runtime-spec 1.3.0 `config-linux.md` section "Seccomp"; the limits of SCMP_ACT_NOTIFY as in runc
 * `libcontainer/seccomp/seccomp_linux.go`.
 *
 * @module
 */
import { type Json, oneOf, type ProblemList, show } from "./problem.ts";

/** Actions, without their prefix `SCMP_ACT_`. */
const ACTIONS = ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "ALLOW", "LOG", "NOTIFY"];
/** Operators, without their prefix `SCMP_CMP_`. */
const OPERATORS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];
/** Flags, without their prefix `SECCOMP_FILTER_FLAG_`. */
const FLAGS = ["LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV", "TSYNC"];
/** Architectures, without their prefix `SCMP_ARCH_`. */
const ARCHITECTURES =
  "X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB";
/** Greatest errno that a filter can return: SECCOMP_RET_DATA is 16 bits wide, MAX_ERRNO is this. */
const ERRNO_MAX = 4095;

/** What is wrong with `text`, which has to be `prefix` and one of `words`. */
function named(prefix: string, words: readonly string[]): (text: string) => string | undefined {
  return (text) => {
    if (text.startsWith(prefix) && words.includes(text.slice(prefix.length))) return undefined;
    return words.length > 10
      ? `must be the name of an architecture such as SCMP_ARCH_X86_64, is ${show(text)}`
      : oneOf(
          words.map((w) => prefix + w),
          text,
        );
  };
}

const actionFault = named("SCMP_ACT_", ACTIONS);

/** Checks the object `seccomp` at `at`. */
export function checkSeccomp(list: ProblemList, seccomp: Json, at: string): void {
  list.rule = "config-linux.md#seccomp";
  const action = list.string(seccomp, "defaultAction", at, actionFault, true);
  if (action === "SCMP_ACT_NOTIFY") list.error(`${at}.defaultAction`, "cannot be SCMP_ACT_NOTIFY");
  list.integer(seccomp, "defaultErrnoRet", at, { max: ERRNO_MAX });
  list.strings(seccomp, "architectures", at, named("SCMP_ARCH_", ARCHITECTURES.split(" ")));
  list.strings(seccomp, "flags", at, named("SECCOMP_FILTER_FLAG_", FLAGS));
  const listener = list.string(seccomp, "listenerPath", at);
  if (list.string(seccomp, "listenerMetadata", at) !== undefined && listener === undefined) {
    list.error(`${at}.listenerMetadata`, "must not be set if listenerPath is not set");
  }
  list.each(seccomp, "syscalls", at, (rule, path) => checkRule(list, rule, path, listener !== undefined));
}

function checkRule(list: ProblemList, rule: Json, at: string, hasListener: boolean): void {
  const names = list.strings(rule, "names", at, (name) => (name === "" ? "must not be empty" : undefined));
  list.nonEmpty(rule, "names", at);
  const action = list.string(rule, "action", at, actionFault, true);
  if (action === "SCMP_ACT_NOTIFY") {
    if (names.includes("write")) list.error(`${at}.action`, "cannot be SCMP_ACT_NOTIFY for write");
    if (!hasListener) list.error(`${at}.action`, "needs listenerPath if it is SCMP_ACT_NOTIFY");
  }
  list.integer(rule, "errnoRet", at, { max: ERRNO_MAX });
  list.each(rule, "args", at, (arg, path) => {
    list.integer(arg, "index", path, { required: true, max: 5 });
    list.uint64(arg, "value", path, true);
    list.uint64(arg, "valueTwo", path);
    list.string(arg, "op", path, operatorFault, true);
  });
}

const operatorFault = named("SCMP_CMP_", OPERATORS);
