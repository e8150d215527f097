/**
 * Resolves who a process runs as: `user`, `uid`, `user:group`, `uid:gid` and every mix, against the container's files.
 *
 * A number is never looked up as a name. Texts that clients match are the peer's.
 * Source: moby/sys user/user.go `GetExecUser`, `GetAdditionalGroups`.
 *
 * @module
 */
import { RtError } from "@rt/oci-spec/errors";
import { type GroupEntry, type PasswdEntry, parseGroup, parsePasswd } from "./passwd.ts";

/** Highest user or group id that is accepted, as upstream: 2^31 - 1. */
export const MAX_ID = 0x7fff_ffff;

/** Who a process runs as. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly additionalGids: readonly number[];
  /** Home directory; "/" when no passwd line says another. */
  readonly home: string;
}

/** Texts of the container's files; absent when the container has no such file. */
export interface UserFiles {
  readonly passwd?: string | undefined;
  readonly group?: string | undefined;
}

/** A user or group could not be found, or its number is out of range. */
export class UserError extends RtError {
  override name = "UserError";
}

const RANGE = `uids and gids must be in range 0-${MAX_ID}`;

/** The text as a number, undefined if it is none. */
function numeric(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  if (value < 0 || value > MAX_ID) throw new UserError("OUT_OF_RANGE", RANGE);
  return value;
}

function checked(idValue: number): number {
  if (idValue < 0 || idValue > MAX_ID) throw new UserError("OUT_OF_RANGE", RANGE);
  return idValue;
}

/**
 * Resolves a user specification.
 *
 * @param spec `""`, `user`, `uid`, either followed by `:group` or `:gid`.
 * @param defaults Who it is when `spec` leaves a part out. @default {0:0, no groups, home "/"}
 * @throws {UserError} `NOT_FOUND` if a name is not in the files, `OUT_OF_RANGE` for a number above 2^31 - 1.
 */
export function resolveUser(
  spec: string,
  files: UserFiles,
  defaults: ResolvedUser = { uid: 0, gid: 0, additionalGids: [], home: "/" },
): ResolvedUser {
  const colon = spec.indexOf(":");
  const user = colon < 0 ? spec : spec.slice(0, colon);
  const group = colon < 0 ? "" : spec.slice(colon + 1);
  const uid = user === "" ? defaults.uid : numeric(user);
  const entry = findUser(parsePasswd(files.passwd ?? ""), user, uid);
  if (entry === undefined && uid === undefined) {
    throw new UserError("NOT_FOUND", `unable to find user ${user}: no matching entries in passwd file`);
  }
  const base: ResolvedUser = {
    ...defaults,
    uid: checked(entry?.uid ?? uid ?? 0),
    gid: checked(entry?.gid ?? defaults.gid),
    home: entry?.home || defaults.home || "/",
  };
  const groups = parseGroup(files.group ?? "");
  if (group !== "") return { ...base, gid: resolveGroup(groups, group) };
  const own = entry === undefined ? [] : groups.filter((g) => g.members.includes(entry.name));
  return own.length === 0 ? base : { ...base, additionalGids: own.map((g) => checked(g.gid)) };
}

function findUser(
  entries: readonly PasswdEntry[],
  user: string,
  uid: number | undefined,
): PasswdEntry | undefined {
  return entries.find((e) => (uid === undefined ? e.name === user : e.uid === uid));
}

function resolveGroup(groups: readonly GroupEntry[], text: string): number {
  const gid = numeric(text);
  const found = groups.find((g) => (gid === undefined ? g.name === text : g.gid === gid));
  if (found !== undefined) return checked(found.gid);
  if (gid === undefined) {
    throw new UserError("NOT_FOUND", `unable to find group ${text}: no matching entries in group file`);
  }
  return gid;
}

/**
 * Resolves a list of group names and numbers, each gid once, in order.
 *
 * @throws {UserError} `NOT_FOUND` if a name is not in the file, `OUT_OF_RANGE` for a number above 2^31 - 1.
 */
export function resolveGroups(list: readonly string[], group: string | undefined): number[] {
  const groups = parseGroup(group ?? "");
  return [...new Set(list.map((text) => resolveGroup(groups, text)))];
}
