/**
 * Checks of `process`.
 *
 * Source: runtime-spec 1.3.0 `config.md` sections "Process", "POSIX process", "Linux Process"; limits as in the man
 * pages getrlimit(2), sched(7), ioprio_set(2), proc_pid_oom_score_adj(5).
 *
 * @module
 */
import { CAPABILITIES, RLIMITS } from "./names.ts";
import {
  absolute,
  type Json,
  nul,
  numberList,
  oneOf,
  type ProblemList,
  show,
  UINT32_MAX,
} from "./problem.ts";

/** Checks the object `process` at `at`. */
export function checkProcess(list: ProblemList, process: Json, at: string): void {
  list.rule = "config.md#process";
  list.boolean(process, "terminal", at);
  checkBox(list, process, at);
  list.string(process, "cwd", at, absolute, true);
  list.strings(process, "env", at, envFault);
  list.strings(process, "args", at);
  list.nonEmpty(process, "args", at);
  checkUser(list, process, at);
  checkRlimits(list, process, at);
  list.rule = "config.md#linux-process";
  for (const key of ["apparmorProfile", "selinuxLabel"]) list.string(process, key, at);
  list.boolean(process, "noNewPrivileges", at);
  list.integer(process, "oomScoreAdj", at, { min: -1000, max: 1000 });
  checkCapabilities(list, process, at);
  checkScheduler(list, process, at);
  checkIoPriority(list, process, at);
  const affinity = list.object(process, "execCPUAffinity", at);
  if (affinity === undefined) return;
  for (const key of ["initial", "final"]) list.string(affinity, key, `${at}.execCPUAffinity`, numberList);
}

/** What is wrong with `NAME=value`. */
export function envFault(text: string): string | undefined {
  const equals = text.indexOf("=");
  if (equals > 0) return nul(text);
  return equals === 0 ? "must have a name before the =" : `must have the form NAME=value, is ${show(text)}`;
}

function checkBox(list: ProblemList, process: Json, at: string): void {
  const box = list.object(process, "consoleSize", at);
  if (box === undefined) return;
  for (const key of ["height", "width"]) {
    list.integer(box, key, `${at}.consoleSize`, { required: true, max: 65_535 });
  }
}

function checkUser(list: ProblemList, process: Json, at: string): void {
  list.rule = "config.md#user";
  const user = list.object(process, "user", at);
  if (user === undefined) return;
  const path = `${at}.user`;
  // 2^32-1 is "no change" to setuid(2), never a user.
  list.integer(user, "uid", path, { max: UINT32_MAX - 1 });
  list.integer(user, "gid", path, { max: UINT32_MAX - 1 });
  list.integer(user, "umask", path, { max: 0o777 });
  for (const [i, gid] of list.array(user, "additionalGids", path).entries()) {
    if (typeof gid === "number" && Number.isInteger(gid) && gid >= 0 && gid < UINT32_MAX) continue;
    list.error(`${path}.additionalGids[${i}]`, `must be a group id, is ${show(gid)}`);
  }
}

function checkRlimits(list: ProblemList, process: Json, at: string): void {
  list.rule = "config.md#posix-process";
  const seen = new Set<string>();
  list.each(process, "rlimits", at, (limit, path) => {
    const type = list.word(limit, "type", path, RLIMITS);
    if (type !== undefined && seen.has(type)) list.error(`${path}.type`, `must not occur twice: ${type}`);
    if (type !== undefined) seen.add(type);
    const hard = list.uint64(limit, "hard", path, true);
    const soft = list.uint64(limit, "soft", path, true);
    if (hard !== undefined && soft !== undefined && soft > hard) {
      list.error(`${path}.soft`, `must not exceed the hard limit ${hard}, is ${soft}`);
    }
  });
}

function checkCapabilities(list: ProblemList, process: Json, at: string): void {
  const capabilities = list.object(process, "capabilities", at);
  if (capabilities === undefined) return;
  const path = `${at}.capabilities`;
  const sets: Record<string, string[]> = {};
  for (const set of ["bounding", "effective", "inheritable", "permitted", "ambient"]) {
    sets[set] = list.strings(capabilities, set, path, (name) =>
      /^CAP_[A-Z_]+$/.test(name) ? undefined : `must be a name such as CAP_CHOWN, is ${show(name)}`,
    );
    for (const [i, name] of sets[set].entries()) {
      if (/^CAP_[A-Z_]+$/.test(name) && !CAPABILITIES.includes(name)) {
        list.warn(`${path}.${set}[${i}]`, `is not a capability that Linux has: ${name}`);
      }
    }
  }
  requireSubset(list, path, sets, "effective", "permitted", "error");
  requireSubset(list, path, sets, "ambient", "permitted", "warning");
}

/** Notes each capability of set `a` that is not in set `b`. */
function requireSubset(
  list: ProblemList,
  path: string,
  sets: Record<string, string[]>,
  a: string,
  b: string,
  severity: "error" | "warning",
): void {
  for (const [i, name] of (sets[a] ?? []).entries()) {
    if (sets[b]?.includes(name) || !CAPABILITIES.includes(name)) continue;
    const message = `must be in the ${b} set too: ${name}`;
    if (severity === "error") list.error(`${path}.${a}[${i}]`, message);
    else list.warn(`${path}.${a}[${i}]`, message);
  }
}

const POLICIES = [
  "SCHED_OTHER",
  "SCHED_FIFO",
  "SCHED_RR",
  "SCHED_BATCH",
  "SCHED_ISO",
  "SCHED_IDLE",
  "SCHED_DEADLINE",
] as const;
const SCHED_FLAGS = [
  "RESET_ON_FORK",
  "RECLAIM",
  "DL_OVERRUN",
  "KEEP_POLICY",
  "KEEP_PARAMS",
  "UTIL_CLAMP_MIN",
  "UTIL_CLAMP_MAX",
];

function checkScheduler(list: ProblemList, process: Json, at: string): void {
  const scheduler = list.object(process, "scheduler", at);
  if (scheduler === undefined) return;
  const path = `${at}.scheduler`;
  const policy = list.word(scheduler, "policy", path, POLICIES);
  list.integer(scheduler, "nice", path, { min: -20, max: 19 });
  const realtime = policy === "SCHED_FIFO" || policy === "SCHED_RR";
  if (policy === undefined) list.integer(scheduler, "priority", path, { max: 99 });
  else if (realtime) list.integer(scheduler, "priority", path, { required: true, min: 1, max: 99 });
  else if (list.integer(scheduler, "priority", path)) {
    list.error(`${path}.priority`, "can only be specified for SCHED_FIFO or SCHED_RR policy");
  }
  list.strings(scheduler, "flags", path, (flag) =>
    oneOf(
      SCHED_FLAGS.map((f) => `SCHED_FLAG_${f}`),
      flag,
    ),
  );
  const times = ["runtime", "deadline", "period"].map(
    (key) => [key, list.integer(scheduler, key, path) ?? 0] as const,
  );
  for (const [key, value] of times) {
    if (value > 0 && policy !== undefined && policy !== "SCHED_DEADLINE") {
      list.error(`${path}.${key}`, "can only be specified for SCHED_DEADLINE policy");
    }
  }
}

function checkIoPriority(list: ProblemList, process: Json, at: string): void {
  const priority = list.object(process, "ioPriority", at);
  if (priority === undefined) return;
  const classes = ["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"] as const;
  list.word(priority, "class", `${at}.ioPriority`, classes);
  list.integer(priority, "priority", `${at}.ioPriority`, { max: 7 });
}
