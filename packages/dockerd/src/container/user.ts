/**
 * Who a container's process runs as: names resolved by the container's own `/etc/passwd` and `/etc/group`.
 *
 * Source: moby `daemon/oci_linux.go` getUser; moby/sys `user/user.go` GetExecUser (texts).
 *
 * @module
 */
import { InvalidParameterError, RtError } from "../errors.ts";
import type { User } from "../oci.ts";

/** Highest id that is accepted. */
const MAX_ID = 0x7fff_ffff;

/** Texts of the container's files; empty where there is none. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

/** A number in `text`; undefined if it is a name. */
function idOf(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw new InvalidParameterError(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

/** The lines of a file with `:`-separated fields. */
function rows(text: string): string[][] {
  return text.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [line.split(":")]));
}

/** The id of a group. @throws {RtError} with Docker's text. */
function groupId(groups: readonly string[][], name: string): number {
  const id = idOf(name);
  if (id !== undefined) return id;
  const row = groups.find((fields) => fields[0] === name);
  if (row === undefined) {
    throw new RtError("NOT_FOUND", `unable to find group ${name}: no matching entries in group file`);
  }
  return Number(row[2]);
}

/**
 * Resolves `spec` (`""`, `user`, `uid`, each with `:group` or `:gid`) and the groups in `groupAdd`.
 *
 * @throws {RtError} `NOT_FOUND` for a name that the files do not have.
 */
export function resolveUser(spec: string, files: UserFiles, groupAdd: readonly string[] = []): User {
  const [name = "", groupName = ""] = spec.split(":", 2);
  const wanted = name === "" ? 0 : idOf(name);
  const row = rows(files.passwd).find((fields) =>
    wanted === undefined ? fields[0] === name : Number(fields[2]) === wanted,
  );
  if (row === undefined && wanted === undefined) {
    throw new RtError("NOT_FOUND", `unable to find user ${name}: no matching entries in passwd file`);
  }
  const groups = rows(files.group);
  const uid = wanted ?? Number(row![2]);
  const own = row === undefined ? 0 : Number(row[3]);
  const gid = groupName === "" ? own : groupId(groups, groupName);
  const member = (fields: readonly string[]): boolean =>
    (fields[3] ?? "").split(",").includes(row?.[0] ?? "\n");
  const further = groupName === "" ? groups.filter(member).map((fields) => Number(fields[2])) : [];
  const added = groupAdd.map((group) => groupId(groups, group));
  return { uid, gid, additionalGids: [...new Set([gid, ...further, ...added])] };
}
