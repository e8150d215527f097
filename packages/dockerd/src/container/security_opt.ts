/**
 * `--security-opt`: what relaxes or tightens a container.
 *
 * Source: moby `daemon/daemon_unix.go` parseSecurityOpt.
 *
 * @module
 */
import { InvalidParameterError } from "../errors.ts";
import type { Seccomp } from "../oci.ts";

/** What the options say. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `default`, or no filter at all. */
  readonly seccomp: "default" | "unconfined";
  /** A profile of the user's own, in OCI form. */
  readonly seccompProfile?: Seccomp;
  /** Masks nothing. */
  readonly unconfinedPaths: boolean;
}

/** Reads the options. @throws {InvalidParameterError} with Docker's text for an unknown one. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp: SecurityOptions["seccomp"] = "default";
  let seccompProfile: Seccomp | undefined;
  let unconfinedPaths = false;
  for (const option of options) {
    const [key = "", ...rest] = option.split(/[=:]/);
    const value = option.slice(key.length + 1);
    if (key === "no-new-privileges") {
      if (rest.length > 0 && !/^(true|false|1|0)$/i.test(value)) {
        throw new InvalidParameterError(`invalid --security-opt 2: ${JSON.stringify(option)}`);
      }
      noNewPrivileges = rest.length === 0 || /^(true|1)$/i.test(value);
    } else if (key === "seccomp") {
      if (value === "unconfined") seccomp = "unconfined";
      else if (value !== "builtin") seccompProfile = readProfile(value);
    } else if (key === "systempaths" && value === "unconfined") {
      unconfinedPaths = true;
    } else if (key === "label" && (value === "disable" || value === "")) {
      // There is no SELinux here: nothing to disable.
    } else if (key === "apparmor" && (value === "unconfined" || value === "")) {
      // No profile is applied.
    } else {
      throw new InvalidParameterError(`invalid --security-opt 2: ${JSON.stringify(option)}`);
    }
  }
  return {
    noNewPrivileges,
    seccomp,
    unconfinedPaths,
    ...(seccompProfile === undefined ? {} : { seccompProfile }),
  };
}

/** A profile as the CLI sends it: JSON in OCI form. @throws {InvalidParameterError}. */
function readProfile(text: string): Seccomp {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw new InvalidParameterError(`Decoding seccomp profile failed: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (
    typeof profile !== "object" ||
    profile === null ||
    typeof (profile as Seccomp).defaultAction !== "string"
  ) {
    throw new InvalidParameterError("Decoding seccomp profile failed: no defaultAction");
  }
  const rules = (profile as { syscalls?: unknown[] }).syscalls ?? [];
  for (const rule of rules as Record<string, unknown>[]) {
    if (rule.includes !== undefined || rule.excludes !== undefined) {
      const conditional = [rule.includes, rule.excludes].some(
        (c) => typeof c === "object" && c !== null && Object.keys(c).length > 0,
      );
      if (conditional) {
        throw new InvalidParameterError("seccomp profiles with includes or excludes are not supported");
      }
    }
  }
  return profile as Seccomp;
}
