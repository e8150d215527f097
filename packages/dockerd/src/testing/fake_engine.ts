/**
 * An engine for tests: every call that is not given rejects with `NOT_IMPLEMENTED`.
 *
 * @module
 */
import type { Engine } from "../api/engine.ts";
import { RtError } from "../errors.ts";

/** The calls of an engine that a test gives. */
export type FakeCalls = { readonly [N in Exclude<keyof Engine, symbol>]?: Partial<Engine[N]> };

/** A noun whose calls reject unless they are given. */
function noun<T extends object>(name: string, calls: Partial<T> | undefined): T {
  return new Proxy((calls ?? {}) as T, {
    get(target, call) {
      const given = Reflect.get(target, call) as unknown;
      if (given !== undefined) return given;
      return () => Promise.reject(new RtError("NOT_IMPLEMENTED", `${name}.${String(call)} is not given`));
    },
  });
}

/** An engine of `calls`. */
export function fakeEngine(calls: FakeCalls = {}): Engine {
  return {
    system: noun("system", calls.system),
    containers: noun("containers", calls.containers),
    execs: noun("execs", calls.execs),
    images: noun("images", calls.images),
    volumes: noun("volumes", calls.volumes),
    networks: noun("networks", calls.networks),
    async [Symbol.asyncDispose]() {},
  };
}
