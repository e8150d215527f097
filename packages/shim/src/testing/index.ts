/**
 * The `./testing` door of @rt/shim: the contract suite of task services, and bundles for it.
 *
 * @module
 */
export { type BundleRequest, makeBundle, removeTestCgroups, TestIo } from "./bundle.ts";
export {
  type ServiceUnderTest,
  type TaskServiceMaker,
  type TestRunner,
  taskServiceSuite,
} from "./task_service_suite.ts";
