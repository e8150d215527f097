/**
 * /etc/passwd and /etc/group, parsed as libc and runc do: lenient, first match wins.
 *
 * Source: passwd(5), group(5); moby/sys user/user.go.
 *
 * @module
 */

/** One line of /etc/passwd. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** One line of /etc/group. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function lines(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}

/** A number field; what is not a number counts as 0, as it does for runc. */
function id(field: string | undefined): number {
  return field !== undefined && /^[+-]?\d+$/.test(field) ? Number(field) : 0;
}

/** Entries of a passwd text, in order. */
export function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).map((f) => ({ name: f[0] ?? "", uid: id(f[2]), gid: id(f[3]), home: f[5] ?? "" }));
}

/** Entries of a group text, in order. */
export function parseGroup(text: string): GroupEntry[] {
  return lines(text).map((f) => ({
    name: f[0] ?? "",
    gid: id(f[2]),
    members: (f[3] ?? "").split(",").filter((m) => m !== ""),
  }));
}
