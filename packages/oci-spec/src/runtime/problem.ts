/**
 * Problems: what a check found, and the collector that the checks of each section write to.
 *
 * A collector reads JSON-like values of any shape and never throws; `null` counts as absent, as Go's decoder has it.
 *
 * @module
 */

/** One rule that a document breaks. */
export interface Problem {
  /** Where, e.g. `linux.namespaces[2].type`; keys that are no plain words are quoted: `linux.sysctl["net.core.x"]`. */
  readonly path: string;
  /** What is wrong, e.g. `must be an absolute path, is "x"`. */
  readonly message: string;
  /** Where the rule is written, e.g. `config.md#mounts` of the runtime-spec. */
  readonly rule: string;
  /** `error`: cannot run. `warning`: runs, as runc does, but is not what the spec asks for. */
  readonly severity: "error" | "warning";
}

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Bounds of a number. */
export interface NumberRule {
  /** Whether it must be there. */
  readonly required?: boolean;
  /** Least value. @default {0} */
  readonly min?: number;
  /** Greatest value. @default {Number.MAX_SAFE_INTEGER} */
  readonly max?: number;
}

/** Greatest 32-bit number. */
export const UINT32_MAX = 0xffff_ffff;

/** Path of `key` below `at`. */
export function pathOf(at: string, key: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `${at}[${JSON.stringify(key)}]`;
  return at === "" ? key : `${at}.${key}`;
}

/** `value` as a message shows it: JSON, cut short. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Whether `path` is absolute. */
export function isAbsolute(path: string): boolean {
  return path.startsWith("/");
}

/** Collects problems; the checks of one section share a rule. */
export class ProblemList {
  /** What was found so far. */
  readonly found: Problem[] = [];
  /** Rule of the section being checked. */
  rule = "";

  /** Notes an error. */
  error(path: string, message: string): void {
    this.found.push({ path, message, rule: this.rule, severity: "error" });
  }

  /** Notes a warning. */
  warn(path: string, message: string): void {
    this.found.push({ path, message, rule: this.rule, severity: "warning" });
  }

  /** `o[key]`; undefined if absent, which is an error if it is required. */
  #value(o: Json, key: string, at: string, required: boolean): unknown {
    const value = Object.hasOwn(o, key) ? o[key] : undefined;
    if (value !== undefined && value !== null) return value;
    if (required) this.error(pathOf(at, key), "is required");
    return undefined;
  }

  /** `value` as an object; undefined, and an error at `path`, if it is something else. */
  asObject(value: unknown, path: string): Json | undefined {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
    this.error(path, `must be an object, is ${show(value)}`);
    return undefined;
  }

  /** `o[key]` as an object. */
  object(o: Json, key: string, at: string, required = false): Json | undefined {
    const value = this.#value(o, key, at, required);
    return value === undefined ? undefined : this.asObject(value, pathOf(at, key));
  }

  /** `o[key]` as an array; empty if absent or something else. */
  array(o: Json, key: string, at: string, required = false): readonly unknown[] {
    const value = this.#value(o, key, at, required);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.error(pathOf(at, key), `must be an array, is ${show(value)}`);
    return [];
  }

  /** Calls `check` for each object in the array `o[key]`. */
  each(o: Json, key: string, at: string, check: (item: Json, path: string, index: number) => void): void {
    for (const [i, value] of this.array(o, key, at).entries()) {
      const path = `${pathOf(at, key)}[${i}]`;
      const item = this.asObject(value, path);
      if (item !== undefined) check(item, path, i);
    }
  }

  /** The strings of the array `o[key]`; `fault` tells what is wrong with one. */
  strings(o: Json, key: string, at: string, fault: (text: string) => string | undefined = nul): string[] {
    const texts: string[] = [];
    for (const [i, value] of this.array(o, key, at).entries()) {
      const wrong = typeof value === "string" ? fault(value) : `must be a string, is ${show(value)}`;
      if (wrong !== undefined) this.error(`${pathOf(at, key)}[${i}]`, wrong);
      if (typeof value === "string") texts.push(value);
    }
    return texts;
  }

  /** Notes an error unless the array `o[key]` has an entry. */
  nonEmpty(o: Json, key: string, at: string): void {
    const value = this.#value(o, key, at, false);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) {
      this.error(pathOf(at, key), "must have at least one entry");
    }
  }

  /** `o[key]` as text; undefined if absent, empty text being absence unless it is required. */
  string(
    o: Json,
    key: string,
    at: string,
    fault: (text: string) => string | undefined = nul,
    required = false,
  ): string | undefined {
    const value = this.#value(o, key, at, required);
    if (value === undefined) return undefined;
    if (typeof value !== "string") {
      this.error(pathOf(at, key), `must be a string, is ${show(value)}`);
      return undefined;
    }
    if (value === "") {
      if (required) this.error(pathOf(at, key), "must not be empty");
      return undefined;
    }
    const wrong = fault(value);
    if (wrong !== undefined) this.error(pathOf(at, key), wrong);
    return value;
  }

  /** `o[key]` as one of `words`; undefined if it is not. */
  word<W extends string>(
    o: Json,
    key: string,
    at: string,
    words: readonly W[],
    required = true,
  ): W | undefined {
    const text = this.string(o, key, at, (t) => oneOf(words, t), required);
    return words.find((w) => w === text);
  }

  /** `o[key]` as a whole number within bounds; undefined if it is not. A bigint is taken if it is safe. */
  integer(o: Json, key: string, at: string, rule: NumberRule = {}): number | undefined {
    const value = this.#value(o, key, at, rule.required ?? false);
    if (value === undefined) return undefined;
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = rule;
    const whole = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
    if (!whole) this.error(pathOf(at, key), `must be a whole number, is ${show(value)}`);
    else if ((value as number) < min || (value as number) > max) {
      this.error(pathOf(at, key), `must be ${bounds(min, max)}, is ${show(value)}`);
    } else return Number(value);
    return undefined;
  }

  /** `o[key]` as an unsigned 64-bit number. */
  uint64(o: Json, key: string, at: string, required = false): bigint | undefined {
    const value = this.#value(o, key, at, required);
    if (value === undefined) return undefined;
    const whole = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
    if (!whole) this.error(pathOf(at, key), `must be a whole number, is ${show(value)}`);
    else if ((value as number) < 0 || (value as number) > 2 ** 64) {
      this.error(pathOf(at, key), `must be from 0 to 2^64-1, is ${show(value)}`);
    } else return BigInt(value as number);
    return undefined;
  }

  /** `o[key]` as a truth value. */
  boolean(o: Json, key: string, at: string, required = false): boolean | undefined {
    const value = this.#value(o, key, at, required);
    if (value === undefined || typeof value === "boolean") return value;
    this.error(pathOf(at, key), `must be true or false, is ${show(value)}`);
    return undefined;
  }

  /** The entries of the object `o[key]` whose values are text. */
  texts(o: Json, key: string, at: string): [key: string, value: string][] {
    const map = this.object(o, key, at);
    if (map === undefined) return [];
    const entries: [string, string][] = [];
    for (const [name, value] of Object.entries(map)) {
      if (typeof value === "string") entries.push([name, value]);
      else this.error(pathOf(pathOf(at, key), name), `must be a string, is ${show(value)}`);
    }
    return entries;
  }
}

function bounds(min: number, max: number): string {
  if (max === Number.MAX_SAFE_INTEGER) return `at least ${min}`;
  return `from ${min} to ${max}`;
}

/** What is wrong with text that goes to the kernel: a NUL byte. */
export function nul(text: string): string | undefined {
  return text.includes("\0") ? "must not contain a NUL byte" : undefined;
}

/** What is wrong with an absolute path. */
export function absolute(text: string): string | undefined {
  return isAbsolute(text) ? nul(text) : `must be an absolute path, is ${show(text)}`;
}

/** What is wrong with one of `words`. */
export function oneOf(words: readonly string[], text: string): string | undefined {
  return words.includes(text) ? undefined : `must be one of ${words.join(", ")}, is ${show(text)}`;
}

/** What is wrong with a list of CPUs or nodes, e.g. `0-3,7`. */
export function numberList(text: string): string | undefined {
  const ok =
    text.length <= 4096 &&
    text.split(",").every((part) => {
      const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
      return match !== null && Number(match[2] ?? match[1]) >= Number(match[1]);
    });
  return ok ? undefined : `must be a list such as 0-3,7, is ${show(text)}`;
}
