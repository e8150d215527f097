/**
 * The `./testing` door of @rt/dockerd.
 *
 * @module
 */
export { type FakeCalls, fakeEngine } from "./fake_engine.ts";
