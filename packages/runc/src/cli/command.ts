/**
 * What every command of `rt-runc` is made of.
 *
 * @module
 */
import type { Runc } from "../container/runc.ts";
import type { FlagSet, Logger, ParsedFlags } from "../oci.ts";

/** Options in front of the command. */
export interface GlobalOptions {
  /** Directory of the containers' state. */
  readonly root: string;
  readonly debug: boolean;
}

/** What a command gets beside its own arguments. */
export interface CommandContext {
  readonly globals: GlobalOptions;
  readonly log: Logger;
  /** The runtime, joined when it is first asked for. */
  runtime(): Promise<Runc>;
  /** Writes to standard output. */
  print(text: string): void;
}

/** One command. */
export interface Command<S extends FlagSet = FlagSet> {
  /** What it is for, one line. */
  readonly usage: string;
  /** Words after the flags. */
  readonly argsUsage: string;
  readonly description?: string;
  readonly flags: S;
  /** How many arguments there may be. */
  readonly arity: { readonly min: number; readonly max: number };
  /** Does it; the result is the exit status. */
  run(context: CommandContext, parsed: ParsedFlags<S>): Promise<number>;
}
