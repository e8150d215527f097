/**
 * The `./testing` door of @rt/runc.
 *
 * @module
 */
export type { FakeKernel, FakeLaunch, FakeOutcome } from "./fake_kernel.ts";
export { failureOf, fakeKernel } from "./fake_kernel.ts";
