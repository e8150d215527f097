/**
 * The `./testing` door of @rt/containerd: contract suites and makers of test data.
 *
 * @module
 */
export { type ContainerdCase, type ContainerdSuiteOptions, containerdSuite } from "./containerd_suite.ts";
export * from "./layer.ts";
