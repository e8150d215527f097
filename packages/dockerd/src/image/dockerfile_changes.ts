/**
 * Dockerfile instructions that `import` and `commit` apply to a configuration.
 *
 * Source: moby `daemon/builder/dockerfile/builder.go` BuildFromConfig; docs.docker.com Dockerfile reference.
 *
 * @module
 */
import { InvalidParameterError } from "../errors.ts";
import type { ImageRunConfig } from "../oci.ts";

/** A list in JSON, or the words of a shell line. */
function command(text: string): string[] {
  if (text.trimStart().startsWith("[")) {
    try {
      const words = JSON.parse(text) as unknown;
      if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
    } catch {
      // Not JSON after all: a shell line, as Docker reads it.
    }
  }
  return ["/bin/sh", "-c", text];
}

/** Words of a line; quotes keep spaces. */
function words(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)].map(([word]) =>
    word.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
      (_all, double?: string, single?: string, escaped?: string) =>
        double === undefined ? (single ?? escaped ?? "") : double.replace(/\\(.)/g, "$1"),
    ),
  );
}

/** `a=b` pairs, or one `a b`. */
function pairs(instruction: string, text: string): [string, string][] {
  const list = words(text);
  if (!list[0]?.includes("=")) {
    const [name, ...rest] = text.trim().split(/\s+/);
    if (name === undefined || rest.length === 0)
      throw new InvalidParameterError(`${instruction} must have two arguments`);
    return [[name, text.trim().slice(name.length).trim()]];
  }
  return list.map((word) => {
    const equals = word.indexOf("=");
    if (equals <= 0) {
      throw new InvalidParameterError(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    }
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Applies `changes` to `config`. @throws {InvalidParameterError} for an instruction that is not one of those allowed. */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  const result: ImageRunConfig = { ...config };
  for (const change of changes) {
    const [, name = "", rest = ""] = /^\s*([A-Za-z]+)(?:\s+([\s\S]*?))?\s*$/.exec(change) ?? [];
    switch (name.toUpperCase()) {
      case "CMD":
        result.Cmd = command(rest);
        break;
      case "ENTRYPOINT":
        result.Entrypoint = command(rest);
        break;
      case "ENV":
        for (const [key, value] of pairs("ENV", rest)) {
          const others = (result.Env ?? []).filter((entry) => !entry.startsWith(`${key}=`));
          result.Env = [...others, `${key}=${value}`];
        }
        break;
      case "LABEL":
        result.Labels = { ...result.Labels, ...Object.fromEntries(pairs("LABEL", rest)) };
        break;
      case "EXPOSE":
        for (const port of words(rest)) {
          result.ExposedPorts = { ...result.ExposedPorts, [port.includes("/") ? port : `${port}/tcp`]: {} };
        }
        break;
      case "VOLUME": {
        const paths = rest.trimStart().startsWith("[") ? command(rest) : words(rest);
        for (const path of paths) result.Volumes = { ...result.Volumes, [path]: {} };
        break;
      }
      case "USER":
        result.User = rest;
        break;
      case "WORKDIR":
        result.WorkingDir = rest;
        break;
      case "STOPSIGNAL":
        result.StopSignal = rest;
        break;
      default:
        throw new InvalidParameterError(`${name.toUpperCase() || change} is not a valid change command`);
    }
  }
  return result;
}
