/**
 * Flags: command lines read the way the peers' programs read them, in one of two dialects.
 *
 * | | `go`: runc, ctr, containerd, shims | `pflag`: docker, dockerd |
 * |---|---|---|
 * | long flag | `-name` or `--name` | `--name` |
 * | short flag | `-n` alone | `-n`, joined `-abc`, with value `-p80` |
 * | after the first argument | everything is an argument | flags go on |
 * | unknown | `flag provided but not defined: -x` | `unknown flag: --x` |
 *
 * `node:util` parseArgs reads neither (no `-name`, no stop at the first argument, other texts), so this is a loop of
 * our own. Source: Go `flag/flag.go`, spf13/pflag `flag.go`.
 *
 * @module
 */
import { FlagError } from "../errors.ts";
import { parseDuration } from "./duration.ts";

/** One flag. */
export interface FlagSpec {
  /** What its value is; a duration is Go's (`1m30s`) and read as milliseconds. */
  readonly type: "boolean" | "string" | "integer" | "duration";
  /** Whether it may be repeated; each value is kept, in order. Strings only. */
  readonly list?: true;
  /** Other names, e.g. `["b"]`. */
  readonly aliases?: readonly string[];
  /** Value if it is not given. */
  readonly default?: string | number | boolean;
  /** What it is for, one line. */
  readonly usage?: string;
  /** Word for its value in the help. @default {"value"} */
  readonly valueName?: string;
  /** Whether the help leaves it out. */
  readonly hidden?: boolean;
}

/** Flags by name, as on the command line, without dashes. */
export type FlagSet = Readonly<Record<string, FlagSpec>>;

type Base<F extends FlagSpec> = F["type"] extends "boolean"
  ? boolean
  : F["type"] extends "string"
    ? string
    : number;

/** The value of one flag: a list, a plain value, or undefined where nothing is given and nothing is the default. */
export type FlagValue<F extends FlagSpec> = F extends { readonly list: true }
  ? string[]
  : F["type"] extends "boolean"
    ? boolean
    : F extends { readonly default: string | number }
      ? Base<F>
      : Base<F> | undefined;

/** What {@linkcode parseFlags} read. */
export interface ParsedFlags<S extends FlagSet> {
  /** Values by the flag's main name. */
  readonly values: { -readonly [K in keyof S]: FlagValue<S[K]> };
  /** Main names of the flags that were given. */
  readonly given: ReadonlySet<string>;
  /** What is left. */
  readonly args: string[];
}

/** Options for {@linkcode parseFlags}. */
export interface ParseFlagsOptions {
  /** Whose rules and texts. @default {"go"} */
  readonly dialect?: "go" | "pflag";
  /** Whether everything after the first argument is an argument. @default {true} in `go`, false in `pflag` */
  readonly stopAtPositional?: boolean;
}

/**
 * Reads `argv` by `set`.
 *
 * @throws {FlagError} `INVALID_ARGUMENT` with the dialect's text.
 *
 * @example
 * ```ts
 * import { parseFlags } from "@rt/oci-spec";
 * const set = { bundle: { type: "string", aliases: ["b"], default: "." }, detach: { type: "boolean" } } as const;
 * const { values, args } = parseFlags(set, ["-b", "/x", "web", "-detach"]);
 * if (values.bundle !== "/x" || values.detach || args.length !== 2) throw new Error("misread");
 * ```
 */
export function parseFlags<const S extends FlagSet>(
  set: S,
  argv: readonly string[],
  options: ParseFlagsOptions = {},
): ParsedFlags<S> {
  const dialect = options.dialect ?? "go";
  const stop = options.stopAtPositional ?? dialect === "go";
  const reader = new Reader(set, dialect);
  let i = 0;
  while (i < argv.length) {
    const arg = argv[i++]!;
    if (arg === "--") {
      reader.args.push(...argv.slice(i));
      break;
    }
    if (arg.length < 2 || arg[0] !== "-") {
      reader.args.push(arg);
      if (!stop) continue;
      reader.args.push(...argv.slice(i));
      break;
    }
    if (reader.read(arg, argv[i])) i++;
  }
  return { values: reader.values as ParsedFlags<S>["values"], given: reader.given, args: reader.args };
}

/** State of one reading. */
class Reader {
  readonly values: Record<string, unknown> = Object.create(null);
  readonly given: Set<string> = new Set();
  readonly args: string[] = [];
  readonly #names: Map<string, string> = new Map();
  readonly #set: FlagSet;
  readonly #pflag: boolean;

  constructor(set: FlagSet, dialect: "go" | "pflag") {
    this.#set = set;
    this.#pflag = dialect === "pflag";
    for (const [name, spec] of Object.entries(set)) {
      for (const n of [name, ...(spec.aliases ?? [])]) this.#names.set(n, name);
      this.values[name] = spec.list ? [] : (spec.default ?? (spec.type === "boolean" ? false : undefined));
    }
  }

  /** Reads one word that is a flag; true if it took `next` as its value. */
  read(arg: string, next: string | undefined): boolean {
    const long = arg.startsWith("--");
    if (this.#pflag && !long) return this.#shorts(arg.slice(1), next);
    const word = arg.slice(long ? 2 : 1);
    if (word === "" || word[0] === "-" || word[0] === "=") throw new FlagError(`bad flag syntax: ${arg}`);
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    return this.#one(name, `${this.#pflag ? "--" : "-"}${name}`, inline, next);
  }

  #one(name: string, shown: string, inline: string | undefined, next: string | undefined): boolean {
    const main = this.#names.get(name) ?? this.#negated(name, inline);
    if (main === undefined) {
      throw new FlagError(this.#pflag ? `unknown flag: ${shown}` : `flag provided but not defined: ${shown}`);
    }
    if (main === "") return false;
    if (this.#set[main]!.type === "boolean") {
      this.#put(main, shown, inline ?? "true");
      return false;
    }
    if (inline === undefined && next === undefined) throw new FlagError(`flag needs an argument: ${shown}`);
    this.#put(main, shown, inline ?? next!);
    return inline === undefined;
  }

  /** `--no-x` for a boolean `x`: sets it and returns the empty name. */
  #negated(name: string, inline: string | undefined): "" | undefined {
    if (!name.startsWith("no-") || inline !== undefined) return undefined;
    const main = this.#names.get(name.slice(3));
    if (main === undefined || this.#set[main]!.type !== "boolean") return undefined;
    this.values[main] = false;
    this.given.add(main);
    return "";
  }

  /** `-it`, `-p80`, `-p=80`, `-p 80`. */
  #shorts(word: string, next: string | undefined): boolean {
    for (let i = 0; i < word.length; i++) {
      const letter = word[i]!;
      const main = this.#names.get(letter);
      if (main === undefined) throw new FlagError(`unknown shorthand flag: '${letter}' in -${word}`);
      const shown = `-${letter}, --${main}`;
      const rest = word.slice(i + 1);
      if (rest.startsWith("=")) {
        this.#put(main, shown, rest.slice(1));
        return false;
      }
      if (this.#set[main]!.type === "boolean") {
        this.#put(main, shown, "true");
        continue;
      }
      if (rest === "" && next === undefined)
        throw new FlagError(`flag needs an argument: '${letter}' in -${word}`);
      this.#put(main, shown, rest === "" ? next! : rest);
      return rest === "";
    }
    return false;
  }

  #put(main: string, shown: string, text: string): void {
    const spec = this.#set[main]!;
    const value = readValue(spec.type, text);
    if (value === undefined) throw new FlagError(this.#invalid(spec, shown, text));
    this.given.add(main);
    if (spec.list) (this.values[main] as unknown[]).push(value);
    else this.values[main] = value;
  }

  #invalid(spec: FlagSpec, shown: string, text: string): string {
    const value = JSON.stringify(text);
    if (this.#pflag) {
      const call = spec.type === "boolean" ? "ParseBool" : spec.type === "integer" ? "ParseInt" : undefined;
      const why = call
        ? `strconv.${call}: parsing ${value}: invalid syntax`
        : `time: invalid duration ${value}`;
      return `invalid argument ${value} for "${shown}" flag: ${why}`;
    }
    if (spec.type === "boolean") return `invalid boolean value ${value} for ${shown}: parse error`;
    return `invalid value ${value} for flag ${shown}: parse error`;
  }
}

/** `text` as a value of `type`; undefined if it is none. */
function readValue(type: FlagSpec["type"], text: string): string | number | boolean | undefined {
  switch (type) {
    case "string":
      return text;
    case "boolean":
      if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
      return /^(?:0|f|F|false|FALSE|False)$/.test(text) ? false : undefined;
    case "integer": {
      const value = /^[+-]?\d+$/.test(text)
        ? Number(text)
        : /^0x[0-9a-fA-F]+$/.test(text)
          ? Number(text)
          : Number.NaN;
      return Number.isSafeInteger(value) ? value : undefined;
    }
    case "duration":
      return parseDuration(text);
  }
}
