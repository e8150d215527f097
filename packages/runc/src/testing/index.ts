/**
 * The `./testing` door of @rt/runc.
 *
 * @module
 */

export { BUSYBOX, busyboxRootfs, testSpec, writeSpec } from "./bundle.ts";
export type { FakeKernel, FakeLaunch, FakeOutcome } from "./fake_kernel.ts";
export { failureOf, fakeKernel } from "./fake_kernel.ts";
export { type RuntimeUnderTest, runtimeSuite, type TestRunner } from "./runtime_suite.ts";
