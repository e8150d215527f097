/**
 * What `--version` prints: runc's lines, whose first ones dockerd and containerd parse.
 *
 * @module
 */
import { SPEC_VERSION } from "../oci.ts";

/** Version of @rt/runc. */
export const VERSION = "0.0.0";

/** The lines, with a newline at the end. */
export function versionText(): string {
  return `runc version ${VERSION}+rt\ncommit: rt-${VERSION}\nspec: ${SPEC_VERSION}\n`;
}
