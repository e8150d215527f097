/**
 * Whiteouts: how a layer says that something below is gone.
 *
 * `.wh.<name>` hides `<name>` of the layers below, `.wh..wh..opq` all that its directory has there; other names that
 * begin with `.wh..wh.` are bookkeeping of AUFS and mean nothing.
 * Source: image-spec layer.md, "Whiteouts".
 *
 * @module
 */
import { ArchiveError } from "./errors.ts";
import { toText } from "./tar_entry.ts";

const PREFIX = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** How names begin that AUFS kept for itself. */
export const BOOKKEEPING_PREFIX = ".wh..wh.";

/** What a name in a layer means. */
export type WhiteoutMeaning =
  | { readonly kind: "none" }
  | { readonly kind: "opaque" }
  | { readonly kind: "bookkeeping" }
  | { readonly kind: "whiteout"; readonly name: string };

/**
 * Reads the last component of an entry's name.
 *
 * @throws {ArchiveError} `INVALID_ARGUMENT` for a whiteout of nothing, `.` or `..`.
 */
export function whiteoutOf(base: string): WhiteoutMeaning {
  if (!base.startsWith(PREFIX)) return { kind: "none" };
  if (base === OPAQUE) return { kind: "opaque" };
  if (base.startsWith(BOOKKEEPING_PREFIX)) return { kind: "bookkeeping" };
  const name = base.slice(PREFIX.length);
  if (name === "" || name === "." || name === "..") {
    throw new ArchiveError(`invalid whiteout name ${JSON.stringify(toText(base))}`);
  }
  return { kind: "whiteout", name };
}

/** The name that hides `name` in a layer. */
export function whiteoutName(name: string): string {
  return PREFIX + name;
}

/** The name that makes its directory opaque in a layer. */
export const OPAQUE_NAME: string = OPAQUE;
