/**
 * Filters: which objects a list or a subscription wants.
 *
 * ```
 * filter    = selector *("," selector)                  all must hold
 * selector  = fieldpath [ operator value ]              without an operator: the field is there
 * fieldpath = field *("." field)
 * field     = 1*( letter / digit / "_" ) / quoted
 * operator  = "==" / "!=" / "~="                        "~=" is a regular expression
 * value     = 1*( anything but "," and space ) / quoted
 * quoted    = `"…"` with Go escapes; for "~=" also `/…/` and `|…|`
 * ```
 * Several filters: one of them must hold. Source: containerd pkg/filters.
 *
 * @module
 */
import { InvalidArgumentError } from "../errors.ts";

/** Value of a field, or undefined if the object does not have it. */
export type FieldReader = (path: readonly string[]) => string | undefined;

/** Whether an object matches. */
export type Filter = (read: FieldReader) => boolean;

/**
 * Parses filters; without any, everything matches.
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` with the position, as the peer shows it.
 *
 * @example
 * ```ts
 * import { parseFilters } from "./filter.ts";
 * const filter = parseFilters(['name~=|^web|,labels."io.x/y"==1']);
 * const object: Record<string, string> = { name: "web-1", "labels.io.x/y": "1" };
 * if (!filter((path) => object[path.join(".")])) throw new Error("no match");
 * ```
 */
export function parseFilters(filters: readonly string[]): Filter {
  if (filters.length === 0) return () => true;
  const parsed = filters.map((f) => (f === "" ? () => true : parseFilter(f)));
  return (read) => parsed.some((filter) => filter(read));
}

/** Reads `labels.<key>`-like paths from a map; the key may hold dots. */
export function readMap(map: Readonly<Record<string, string>>, path: readonly string[]): string | undefined {
  const key = path.join(".");
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function parseFilter(input: string): Filter {
  const scanner = new Scanner(input);
  const selectors: Filter[] = [];
  do selectors.push(parseSelector(scanner));
  while (scanner.take(","));
  if (!scanner.atEnd()) throw scanner.error(`unexpected input: ${scanner.peek()}`);
  return (read) => selectors.every((selector) => selector(read));
}

function parseSelector(scanner: Scanner): Filter {
  const path: string[] = [];
  do path.push(scanner.field());
  while (scanner.take("."));
  if (scanner.atEnd() || scanner.peek() === ",") return (read) => read(path) !== undefined;
  const operator = scanner.operator();
  const value = scanner.value(operator === "~=");
  switch (operator) {
    case "==":
      return (read) => read(path) === value;
    case "!=":
      return (read) => read(path) !== value;
    case "~=":
      return matcher(path, value);
  }
}

/** A regular expression that does not compile matches nothing, as with the peer. */
function matcher(path: readonly string[], pattern: string): Filter {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, "u");
  } catch {
    return () => false;
  }
  return (read) => {
    const value = read(path);
    return value !== undefined && expression.test(value);
  };
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

class Scanner {
  readonly #input: string;
  #at = 0;

  constructor(input: string) {
    this.#input = input;
  }

  atEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#input.length;
  }

  peek(): string {
    this.#skipSpace();
    return this.#input[this.#at] ?? "";
  }

  take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.#at++;
    return true;
  }

  field(): string {
    if (this.peek() === '"') return this.#quoted();
    const text = this.#match(/[A-Za-z0-9_]+/y);
    if (text === undefined) throw this.error("expected field or quoted");
    return text;
  }

  operator(): "==" | "!=" | "~=" {
    const text = this.#match(/[=!~]+/y);
    if (text === undefined) throw this.error('expected an operator ("=="|"!="|"~=")');
    if (text === "==" || text === "!=" || text === "~=") return text;
    throw this.error(`unsupported operator ${JSON.stringify(text)}`);
  }

  value(alternateQuotes: boolean): string {
    const first = this.peek();
    if (first === '"') return this.#quoted();
    if (first === "/" || first === "|") {
      if (!alternateQuotes) throw this.error("invalid quote encountered");
      return this.#quoted();
    }
    const text = this.#match(/[^\s,\p{Cc}]+/uy);
    if (text === undefined) throw this.error("expected value or quoted");
    return text;
  }

  error(reason: string): InvalidArgumentError {
    const before = this.#input.slice(0, this.#at);
    const here = this.#input.slice(this.#at, this.#at + 1);
    const after = this.#input.slice(this.#at + 1);
    const where = here === "" ? this.#input : `${before} >|${here}|< ${after}`;
    return new InvalidArgumentError(`filters: parse error: [${where}]: ${reason}`);
  }

  #skipSpace(): void {
    while (/\s/.test(this.#input[this.#at] ?? "")) this.#at++;
  }

  #match(expression: RegExp): string | undefined {
    this.#skipSpace();
    expression.lastIndex = this.#at;
    const text = expression.exec(this.#input)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  #quoted(): string {
    const quote = this.#input[this.#at];
    let text = "";
    for (let i = this.#at + 1; i < this.#input.length; i++) {
      const char = this.#input[i] as string;
      if (char === quote) {
        this.#at = i + 1;
        return text;
      }
      if (char === "\n") break;
      if (char !== "\\") {
        text += char;
        continue;
      }
      const found = this.#escape(i + 1, quote as string);
      text += found.text;
      i += found.length;
    }
    throw this.error("quoted literal not terminated");
  }

  #escape(at: number, quote: string): { text: string; length: number } {
    const char = this.#input[at] ?? "";
    if (char === quote || char === "\\") return { text: char, length: 1 };
    const simple = escapes[char];
    if (simple !== undefined) return { text: simple, length: 1 };
    const code = /^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})/.exec(
      this.#input.slice(at, at + 9),
    )?.[0];
    if (code === undefined) throw this.error("illegal escape sequence");
    const octal = /^[0-7]/.test(code);
    const point = octal ? Number.parseInt(code, 8) : Number.parseInt(code.slice(1), 16);
    if (point > 0x10ffff) throw this.error("illegal numeric escape sequence");
    return { text: String.fromCodePoint(point), length: code.length };
  }
}
