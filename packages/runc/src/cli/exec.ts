/**
 * `rt-runc exec`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { ExecRequest } from "../api/oci_runtime.ts";
import { InvalidRequestError } from "../errors.ts";
import { type Process, parseJson } from "../oci.ts";
import type { Command } from "./command.ts";
import { INHERITED } from "./create_flags.ts";
import { foreground } from "./foreground.ts";

const FLAGS = {
  "console-socket": { type: "string", default: "", usage: "unix socket that receives the terminal's master" },
  cwd: { type: "string", default: "", usage: "current working directory in the container" },
  env: { type: "string", list: true, aliases: ["e"], usage: "set environment variables" },
  tty: { type: "boolean", aliases: ["t"], usage: "allocate a pseudo-TTY" },
  user: { type: "string", aliases: ["u"], default: "", usage: "UID (format: <uid>[:<gid>])" },
  "additional-gids": { type: "string", list: true, aliases: ["g"], usage: "additional gids" },
  process: { type: "string", aliases: ["p"], default: "", usage: "path to the process.json" },
  detach: { type: "boolean", aliases: ["d"], usage: "detach from the container's process" },
  "pid-file": { type: "string", default: "", usage: "file to write the process id to" },
  "process-label": { type: "string", default: "", usage: "selinux label of the process (not supported)" },
  apparmor: { type: "string", default: "", usage: "apparmor profile of the process" },
  "no-new-privs": { type: "boolean", usage: "set no_new_privs" },
  cap: { type: "string", list: true, aliases: ["c"], usage: "add a capability to the process" },
  "preserve-fds": {
    type: "integer",
    default: 0,
    usage: "pass N additional file descriptors to the container",
  },
  cgroup: { type: "string", default: "", usage: "sub-cgroup to run in" },
  "ignore-paused": { type: "boolean", usage: "allow exec in a paused container" },
} as const;

/** Runs one more process in a container. */
export const command: Command<typeof FLAGS> = {
  usage: "execute new process inside the container",
  argsUsage: "<container-id> <command> [command options]  || -p process.json <container-id>",
  flags: FLAGS,
  arity: { min: 1, max: Number.POSITIVE_INFINITY },
  async run(context, { values, args }) {
    const runtime = await context.runtime();
    const [id = "", ...command] = args;
    const { load } = await import("../container/store.ts");
    const base = load(context.globals.root, id).spec.process!;
    const process: Process =
      values.process === ""
        ? fromFlags(base, command, values)
        : (parseJson(readFileSync(values.process, "utf8"), "process.json") as Process);
    const socket = values["console-socket"];
    const request: ExecRequest = {
      id,
      process,
      io: { ...INHERITED, ...(socket === "" ? {} : { console: { kind: "socket", path: socket } }) },
      ...(values["pid-file"] === "" ? {} : { pidFile: values["pid-file"] }),
      ...(values.cgroup === "" ? {} : { cgroup: values.cgroup }),
      preserveFds: values["preserve-fds"],
      ignorePaused: values["ignore-paused"],
    };
    if (values.detach) {
      await runtime.exec({ ...request, parent: "leave" }, { log: context.log });
      return 0;
    }
    return foreground(process.terminal === true && socket === "", (own) =>
      runtime.exec({ ...request, ...(own === undefined ? {} : { io: { console: own } }), parent: "stay" }),
    );
  },
};

/** Values of the flags that describe the process. */
interface ProcessFlags {
  readonly cwd: string;
  readonly env: readonly string[];
  readonly tty: boolean;
  readonly user: string;
  readonly "additional-gids": readonly string[];
  readonly apparmor: string;
  readonly "process-label": string;
  readonly "no-new-privs": boolean;
  readonly cap: readonly string[];
}

/** The container's process with what the flags change. A new capability is never inheritable (CVE-2022-29162). */
function fromFlags(base: Process, args: string[], values: ProcessFlags): Process {
  const result: Process = {
    ...base,
    args,
    terminal: values.tty,
    env: [...(base.env ?? []), ...values.env],
    user: { ...base.user, ...user(values.user) },
  };
  if (values.cwd !== "") result.cwd = values.cwd;
  if (values.apparmor !== "") result.apparmorProfile = values.apparmor;
  if (values["process-label"] !== "") result.selinuxLabel = values["process-label"];
  if (values["no-new-privs"]) result.noNewPrivileges = true;
  if (values["additional-gids"].length > 0) {
    const more = values["additional-gids"].map((gid) => id(gid, "gid"));
    result.user.additionalGids = [...(base.user.additionalGids ?? []), ...more];
  }
  if (values.cap.length > 0) {
    const { bounding = [], effective = [], permitted = [], ...rest } = base.capabilities ?? {};
    const add = (list: readonly string[]): string[] => [...new Set([...list, ...values.cap])];
    result.capabilities = {
      ...rest,
      bounding: add(bounding),
      effective: add(effective),
      permitted: add(permitted),
    };
  }
  return result;
}

function user(text: string): { uid?: number; gid?: number } {
  if (text === "") return {};
  const [uid = "", gid] = text.split(":");
  return { uid: id(uid, "uid"), ...(gid === undefined ? {} : { gid: id(gid, "gid") }) };
}

function id(text: string, what: "uid" | "gid"): number {
  if (/^\d+$/.test(text) && Number(text) <= 0xffff_fffe) return Number(text);
  const reason = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new InvalidRequestError(`parsing ${text} as int for ${what} failed: ${reason}`);
}
