import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { type ParseFlagsOptions, parseFlags } from "./flags.ts";
import { formatHelp } from "./help.ts";

const set = {
  debug: { type: "boolean", usage: "more output" },
  pivot: { type: "boolean", default: true },
  "no-new-keyring": { type: "boolean" },
  bundle: { type: "string", aliases: ["b"], usage: "bundle directory", default: "." },
  env: { type: "string", list: true, aliases: ["e"] },
  count: { type: "integer", aliases: ["c"] },
  wait: { type: "duration" },
  tty: { type: "boolean", aliases: ["t"] },
  interactive: { type: "boolean", aliases: ["i"], hidden: true },
} as const;

describe("parseFlags() in the go dialect", () => {
  test("reads one or two dashes, values joined or apart, lists and defaults", () => {
    const { values, args, given } = parseFlags(set, [
      "-debug",
      "--env",
      "A=1",
      "-e=B=2",
      "-count=-5",
      "--wait",
      "1m30s",
      "run",
      "-debug",
    ]);
    expect(values).toMatchObject({
      debug: true,
      env: ["A=1", "B=2"],
      count: -5,
      wait: 90_000,
      bundle: ".",
      pivot: true,
    });
    expect(args).toEqual(["run", "-debug"]);
    expect([...given]).toEqual(["debug", "env", "count", "wait"]);
  });

  test("takes a value that looks like a flag", () => {
    expect(parseFlags(set, ["-bundle", "-x", "--env", "--"]).values).toMatchObject({
      bundle: "-x",
      env: ["--"],
    });
  });

  test("reads booleans in all their spellings", () => {
    expect(parseFlags(set, ["--pivot=false"]).values.pivot).toBe(false);
    expect(parseFlags(set, ["--no-pivot"]).values.pivot).toBe(false);
    expect(parseFlags(set, ["--no-new-keyring"]).values["no-new-keyring"]).toBe(true);
    expect(parseFlags(set, ["-t", "x"])).toMatchObject({ values: { tty: true }, args: ["x"] });
  });

  test("ends at -- and keeps a lone dash as an argument", () => {
    expect(parseFlags(set, ["-t", "--", "-x"]).args).toEqual(["-x"]);
    expect(parseFlags(set, ["-", "-t"]).args).toEqual(["-", "-t"]);
  });

  test.each([
    [["-x"], "flag provided but not defined: -x"],
    [["--xyz=1"], "flag provided but not defined: -xyz"],
    [["--no-env"], "flag provided but not defined: -no-env"],
    [["--__proto__"], "flag provided but not defined: -__proto__"],
    [["--constructor=1"], "flag provided but not defined: -constructor"],
    [["-bundle"], "flag needs an argument: -bundle"],
    [["--debug=maybe"], 'invalid boolean value "maybe" for -debug: parse error'],
    [["-count", "x"], 'invalid value "x" for flag -count: parse error'],
    [["-wait", "5"], 'invalid value "5" for flag -wait: parse error'],
    [["---x"], "bad flag syntax: ---x"],
    [["--=x"], "bad flag syntax: --=x"],
  ])("refuses %j: %s", (argv, message) => {
    expect(() => parseFlags(set, argv)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });
});

describe("parseFlags() in the pflag dialect", () => {
  const pflag: ParseFlagsOptions = { dialect: "pflag" };

  test("reads joined short flags and goes on after arguments", () => {
    const { values, args } = parseFlags(
      set,
      ["run", "-it", "-eA=1", "-e=B", "-c", "5", "--debug", "x", "--", "-t"],
      pflag,
    );
    expect(values).toMatchObject({ interactive: true, tty: true, env: ["A=1", "B"], count: 5, debug: true });
    expect(args).toEqual(["run", "x", "-t"]);
  });

  test("stops at the first argument when asked to", () => {
    expect(parseFlags(set, ["-t", "img", "-x"], { ...pflag, stopAtPositional: true }).args).toEqual([
      "img",
      "-x",
    ]);
  });

  test.each([
    [["--xyz"], "unknown flag: --xyz"],
    [["-tx"], "unknown shorthand flag: 'x' in -tx"],
    [["-debug"], "unknown shorthand flag: 'd' in -debug"],
    [["--bundle"], "flag needs an argument: --bundle"],
    [["-tc"], "flag needs an argument: 'c' in -tc"],
    [["-cx"], 'invalid argument "x" for "-c, --count" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [
      ["--debug=x"],
      'invalid argument "x" for "--debug" flag: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ])("refuses %j: %s", (argv, message) => {
    expect(() => parseFlags(set, argv, pflag)).toThrow(expect.objectContaining({ message }));
  });
});

describe("parseDuration()", () => {
  test.each([
    ["0", 0],
    ["300ms", 300],
    ["1.5h", 5_400_000],
    ["-1m", -60_000],
    ["2h45m", 9_900_000],
    [".5s", 500],
    ["5", undefined],
    ["", undefined],
    ["1 s", undefined],
    ["s", undefined],
    ["1d", undefined],
  ])("%j is %s ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe("formatHelp()", () => {
  test("lays commands and flags out as urfave/cli does", () => {
    const page = {
      name: "rt",
      usage: "does things",
      version: "1",
      commands: [{ name: "run", usage: "runs" }],
      flags: set,
    };
    expect(formatHelp(page)).toBe(`NAME:
   rt - does things

USAGE:
   rt [global options] command [command options] [arguments...]

VERSION:
   1

COMMANDS:
   run  runs

GLOBAL OPTIONS:
   --debug                   more output
   --pivot                    (default: true)
   --no-new-keyring
   --bundle value, -b value  bundle directory (default: ".")
   --env value, -e value
   --count value, -c value
   --wait value
   --tty, -t
   --help, -h                show help
`);
  });
});
