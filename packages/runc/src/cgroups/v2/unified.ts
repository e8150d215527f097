/**
 * `resources.unified`: values for files of cgroup v2, verbatim.
 *
 * Source: runtime-spec config-linux.md "Unified"; opencontainers/cgroups fs2/fs2.go `setUnified`.
 *
 * @module
 */
import { type CgroupFs, errnoOf } from "../../host/cgroup_fs.ts";
import type { LinuxResources } from "../../oci.ts";
import { CgroupError } from "../cgroup_error.ts";
import { readOptional, writeLimit } from "../files.ts";

/** The error for a file that is not there: which controller is missing, if that is it. */
function explain(fs: CgroupFs, dir: string, file: string, err: CgroupError): CgroupError {
  const errno = errnoOf(err.cause);
  if (errno !== "ENOENT" && errno !== "EACCES" && errno !== "EPERM") return err;
  const dot = file.indexOf(".");
  if (dot < 0) {
    return new CgroupError(
      "INVALID_ARGUMENT",
      `unified resource "${file}" must be in the form CONTROLLER.PARAMETER`,
      { cause: err },
    );
  }
  const controller = file.slice(0, dot);
  const available = (readOptional(fs, dir, "cgroup.controllers") ?? "").trim().split(" ");
  if (controller === "cgroup" || available.includes(controller)) return err;
  return new CgroupError(
    "FAILED_PRECONDITION",
    `unified resource "${file}" can't be set: controller "${controller}" not available`,
    { cause: err },
  );
}

/** Writes each value line by line. @throws {CgroupError} with runc's texts. */
export function setUnified(fs: CgroupFs, dir: string, { unified = {} }: LinuxResources): void {
  for (const [file, value] of Object.entries(unified)) {
    if (file.includes("/") || file === "." || file === "..") {
      throw new CgroupError(
        "INVALID_ARGUMENT",
        `unified resource "${file}" must be a file name (no slashes)`,
      );
    }
    try {
      for (const line of value.split("\n").filter((l, i) => l !== "" || i === 0)) {
        writeLimit(fs, dir, file, `unified resource "${file}"`, line);
      }
    } catch (err) {
      throw err instanceof CgroupError ? explain(fs, dir, file, err) : err;
    }
  }
}
