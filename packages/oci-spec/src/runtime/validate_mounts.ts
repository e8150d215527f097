/**
 * Checks of `mounts`.
 *
 * Source: runtime-spec 1.3.0 `config.md` section "Mounts"; idmapped mounts as in mount_setattr(2).
 *
 * @module
 */
import { isAbsolute, type Json, nul, type ProblemList, show } from "./problem.ts";
import type { NamespaceSet } from "./validate_linux.ts";
import { checkIdMappings } from "./validate_mappings.ts";

/** Checks `mounts` of the config `top`. */
export function checkMounts(list: ProblemList, top: Json, namespaces: NamespaceSet): void {
  list.each(top, "mounts", "", (mount, path) => {
    list.rule = "config.md#mounts";
    const destination = list.string(mount, "destination", path, nul, true);
    if (destination !== undefined && !isAbsolute(destination)) {
      list.warn(`${path}.destination`, `should be an absolute path, is ${show(destination)}`);
    }
    const source = list.string(mount, "source", path);
    list.string(mount, "type", path);
    const options = list.strings(mount, "options", path);
    const bind = options.includes("bind") || options.includes("rbind");
    if (bind && source === undefined) list.error(`${path}.source`, "is required for a bind mount");
    checkIdmap(list, mount, path, options, namespaces);
  });
}

function checkIdmap(
  list: ProblemList,
  mount: Json,
  at: string,
  options: string[],
  namespaces: NamespaceSet,
): void {
  list.rule = "config.md#posix-platform-mounts";
  const uids = checkIdMappings(list, mount, "uidMappings", at);
  const gids = checkIdMappings(list, mount, "gidMappings", at);
  if (uids > 0 && gids === 0) list.error(`${at}.gidMappings`, "is required where there are uidMappings");
  if (gids > 0 && uids === 0) list.error(`${at}.uidMappings`, "is required where there are gidMappings");
  const asks = options.find((option) => option === "idmap" || option === "ridmap");
  if (asks !== undefined && uids + gids === 0 && !namespaces.has("user")) {
    list.error(`${at}.options`, `must not have ${asks} without mappings or a user namespace`);
  }
}
