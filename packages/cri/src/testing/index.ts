/**
 * The `./testing` door of @rt/cri: the contract suite of the CRI.
 *
 * @module
 */
export { badInputOfIds } from "./cases_bad_input.ts";
export { type CriCase, type CriUnderTest, criSuite, type EngineFeature } from "./cri_suite.ts";
export { eventually, readLog, rejects, TestPod } from "./pod.ts";
