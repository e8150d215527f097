/**
 * A session keyring of the container's own.
 *
 * Source: keyctl(2); opencontainers/runc libcontainer/keys/keyctl.go: the possessor keeps all rights, the user may
 * search, so that execs of the same user find it.
 *
 * @module
 */
import type { ProgramBuilder } from "../launch/program.ts";

const [KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_SETPERM] = [1, 5];
const USER_SEARCH = 0x0008_0000;

/** Emits: join a new session keyring `_ses.<id>`; kernels without keyrings are left alone. */
export function emitSessionKeyring(p: ProgramBuilder, id: string): void {
  const end = p.label();
  const name = p.cstring(`_ses.${id}`);
  const key = p.sys("keyctl", [KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0], {
    onErrno: { errnos: ["ENOSYS", "EPERM", "EDQUOT"], goto: end },
    name: "join session keyring",
  });
  const possessorAll = 0x3f00_0000;
  const userViewRead = 0x0003_0000;
  p.sys("keyctl", [KEYCTL_SETPERM, key, possessorAll | userViewRead | USER_SEARCH, 0, 0], {
    onError: "ignore",
    name: "set permissions of session keyring",
  });
  p.place(end);
}
