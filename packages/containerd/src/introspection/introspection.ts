/**
 * Introspection: what this daemon has, in containerd's names, so that clients find what they look for.
 *
 * Source: containerd plugins/services/introspection; types of plugins: plugins/types.go.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Introspection, PluginInfo } from "../api/introspection.ts";
import { type FieldReader, parseFilters, readMap } from "../metadata/filter.ts";
import { hostPlatform } from "../oci.ts";

/** One part, as `compose.ts` lists it. */
export interface Part {
  readonly type: string;
  readonly id: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly capabilities?: readonly string[];
  /** Whether it is bound to this machine's platform. */
  readonly native?: boolean;
}

/** Fields of a plugin that filters see. */
function fields(plugin: PluginInfo): FieldReader {
  return ([field, ...rest]) => {
    switch (field) {
      case "type":
        return plugin.type;
      case "id":
        return plugin.id;
      case "platforms":
        return plugin.platforms.map((p) => `${p.os}/${p.architecture}`).join(",") || undefined;
      case "capabilities":
        return plugin.capabilities.join(",") || undefined;
      case "exports":
        return readMap(plugin.exports, rest);
      default:
        return undefined;
    }
  };
}

/** Introspection of `parts`; the daemon's uuid is kept in `uuidPath`. */
export function localIntrospection(parts: readonly Part[], uuidPath: string): Introspection {
  const platform = hostPlatform();
  const plugins = parts.map(
    (part): PluginInfo => ({
      type: part.type,
      id: part.id,
      requires: [],
      platforms: part.native === true ? [platform] : [],
      exports: part.exports ?? {},
      capabilities: part.capabilities ?? [],
    }),
  );
  let uuid: Promise<string> | undefined;
  return {
    async plugins(filters) {
      const matches = parseFilters(filters);
      return plugins.filter((plugin) => matches(fields(plugin)));
    },
    async server() {
      uuid ??= loadUuid(uuidPath);
      const pidns = await stat("/proc/self/ns/pid").catch(() => undefined);
      return { uuid: await uuid, pid: process.pid, pidns: pidns?.ino ?? 0 };
    },
  };
}

/** The uuid of this root, made when it is first asked for. */
async function loadUuid(path: string): Promise<string> {
  const known = await readFile(path, "utf8").catch(() => "");
  if (/^[0-9a-f-]{36}$/.test(known)) return known;
  const uuid = randomUUID();
  await mkdir(dirname(path), { recursive: true, mode: 0o711 });
  await writeFile(`${path}.tmp`, uuid, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
  return uuid;
}
