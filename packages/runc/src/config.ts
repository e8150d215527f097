/**
 * Options of @rt/runc and their defaults.
 *
 * @module
 */

/** Where @rt/runc keeps what. */
export interface RuncConfig {
  /** Directory of the containers' state. @default {"/run/rt/runc"} */
  readonly root: string;
}

/** Directory of the containers' state, unless told otherwise. */
export const DEFAULT_ROOT = "/run/rt/runc";
