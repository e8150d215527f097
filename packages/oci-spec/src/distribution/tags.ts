/**
 * Lists of tags, and the link to their next page.
 *
 * Source: distribution-spec 1.1 `spec.md` section "Listing Tags"; RFC 8288 for the `Link` header.
 *
 * @module
 */

/** Answer to end-8. */
export interface TagList {
  /** Repository. */
  name: string;
  /** Tags in lexical order; null where a registry has none. */
  tags: string[] | null;
}

/**
 * Target of the `next` link in a `Link` header; undefined if there is none.
 *
 * The target may be relative: resolve it against the URL of the request, and do not send credentials elsewhere.
 *
 * @example
 * ```ts
 * import { nextLink } from "@rt/oci-spec";
 * if (nextLink('</v2/a/tags/list?n=2&last=b>; rel="next"') !== "/v2/a/tags/list?n=2&last=b") throw new Error("no link");
 * ```
 */
export function nextLink(header: string | null | undefined): string | undefined {
  if (!header || header.length > 8192) return undefined;
  for (const [, target, parameters] of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=[\s,;]|$))/i.test(parameters!)) return target;
  }
  return undefined;
}

/** The value of `Link` for a next page. */
export function formatNextLink(target: string): string {
  return `<${target}>; rel="next"`;
}
