/**
 * Matches image names with patterns, as `docker images busybox` and the filter `reference` do.
 *
 * Source: distribution/reference `helpers.go`, FamiliarMatch; Go `path.Match`.
 *
 * @module
 */

/** A shell pattern of Go's `path.Match` (`*`, `?`, `[a-z]`, no slash in any) as a regular expression. */
function globToRegExp(pattern: string): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === "*") source += "[^/]*";
    else if (c === "?") source += "[^/]";
    else if (c === "[" && pattern.indexOf("]", i + 1) > 0) {
      const end = pattern.indexOf("]", i + 1);
      source += `[${pattern.slice(i + 1, end).replace(/\\/g, "\\\\")}]`;
      i = end;
    } else source += c.replace(/[\\^$.|+(){}[\]]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

/** Whether the familiar name `name` (with tag or digest) matches `pattern`. */
export function matchesReference(name: string, pattern: string): boolean {
  const expression = globToRegExp(pattern);
  const bare = name.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return expression.test(name) || expression.test(bare);
}
