/**
 * The `./client` door of @rt/runc: driving other runtimes' binaries.
 *
 * @module
 */
export { RuncCli, type RuncCliOptions } from "./runc_cli.ts";
