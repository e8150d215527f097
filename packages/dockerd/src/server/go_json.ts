/**
 * JSON decoding with Go's error texts, which clients of Docker see in replies of status 400.
 *
 * Source: Go `encoding/json/scanner.go` (SyntaxError), `decode.go` (UnmarshalTypeError).
 *
 * @module
 */
import { InvalidParameterError } from "../errors.ts";

/** Deepest nesting that is looked into for an error; Go stops at 10,000. */
const MAX_DEPTH = 1000;

/** Parses `text`; on failure the error reads as Go's does. */
export function parseGoJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = goSyntaxError(text);
    if (reason === "unexpected content after JSON") throw new InvalidParameterError(reason, { cause });
    throw new InvalidParameterError(`invalid JSON: ${reason}`, { cause });
  }
}

/** The text of Go's error for `text`, which is not JSON. */
export function goSyntaxError(text: string): string {
  const scan = new Scanner(text);
  try {
    scan.space();
    if (scan.done) return "got EOF while reading request body";
    scan.value();
    return "unexpected content after JSON";
  } catch (err) {
    if (err instanceof ScanStop) return err.message;
    throw err;
  }
}

/** Ends a scan at the first error; the message is Go's text. */
class ScanStop extends Error {}

/** Scanner for one JSON text that only looks for the first error. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  value(depth = 0): void {
    this.space();
    const c = this.#peek();
    if (depth > MAX_DEPTH) throw new ScanStop("exceeded max depth");
    if (c === "{") this.#object(depth);
    else if (c === "[") this.#array(depth);
    else if (c === '"') this.#string();
    else if (c === "-" || /[0-9]/.test(c)) this.#number();
    else if (c === "t") this.#literal("true");
    else if (c === "f") this.#literal("false");
    else if (c === "n") this.#literal("null");
    else this.#fail("looking for beginning of value");
  }

  #object(depth: number): void {
    this.#at++;
    this.space();
    if (this.#peek() === "}") {
      this.#at++;
      return;
    }
    for (;;) {
      this.space();
      if (this.#peek() !== '"') this.#fail("looking for beginning of object key string");
      this.#string();
      this.space();
      if (this.#peek() !== ":") this.#fail("after object key");
      this.#at++;
      this.value(depth + 1);
      this.space();
      const c = this.#peek();
      if (c !== "," && c !== "}") this.#fail("after object key:value pair");
      this.#at++;
      if (c === "}") return;
    }
  }

  #array(depth: number): void {
    this.#at++;
    this.space();
    if (this.#peek() === "]") {
      this.#at++;
      return;
    }
    for (;;) {
      this.value(depth + 1);
      this.space();
      const c = this.#peek();
      if (c !== "," && c !== "]") this.#fail("after array element");
      this.#at++;
      if (c === "]") return;
    }
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const c = this.#peek();
      if (c === '"') break;
      if (c < " ") this.#fail("in string literal");
      this.#at++;
      if (c !== "\\") continue;
      const code = this.#peek();
      if (!/["\\/bfnrtu]/.test(code)) this.#fail("in string escape code");
      this.#at++;
      if (code !== "u") continue;
      for (let i = 0; i < 4; i++, this.#at++) {
        if (!/[0-9a-fA-F]/.test(this.#peek())) this.#fail("in \\u hexadecimal character escape");
      }
    }
    this.#at++;
  }

  #number(): void {
    if (this.#peek() === "-") this.#at++;
    if (!/[0-9]/.test(this.#peek())) this.#fail("in numeric literal");
    const rest = /^(0|[1-9][0-9]*)/.exec(this.#text.slice(this.#at))!;
    this.#at += rest[0].length;
    if (this.#text[this.#at] === ".") {
      this.#at++;
      if (!/[0-9]/.test(this.#peek())) this.#fail("after decimal point in numeric literal");
      while (/[0-9]/.test(this.#text[this.#at] ?? "")) this.#at++;
    }
    if (/[eE]/.test(this.#text[this.#at] ?? "")) {
      this.#at++;
      if (/[+-]/.test(this.#peek())) this.#at++;
      if (!/[0-9]/.test(this.#peek())) this.#fail("in exponent of numeric literal");
      while (/[0-9]/.test(this.#text[this.#at] ?? "")) this.#at++;
    }
  }

  #literal(word: string): void {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#peek() !== word[i]) this.#fail(`in literal ${word} (expecting ${quoteChar(word[i]!)})`);
    }
  }

  #peek(): string {
    const c = this.#text[this.#at];
    if (c === undefined) throw new ScanStop("unexpected EOF");
    return c;
  }

  #fail(where: string): never {
    throw new ScanStop(`invalid character ${quoteChar(this.#peek())} ${where}`);
  }
}

/** A character as Go's scanner quotes it. */
function quoteChar(c: string): string {
  if (c === "'") return "'\\''";
  if (c === '"') return "'\"'";
  return `'${JSON.stringify(c).slice(1, -1)}'`;
}
