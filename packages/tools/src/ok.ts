/**
 * `pnpm ok`: the repository's own checks, one line per problem.
 *
 * @module
 */
import { checkCycles } from "./check_cycles.ts";
import { checkDocs } from "./check_docs.ts";
import { checkLayers } from "./check_layers.ts";
import { checkTopLevel } from "./check_top_level.ts";
import { syncManifests } from "./sync_manifests.ts";

/** A named check and the function that lists its problems. */
export interface Check {
  readonly name: string;
  readonly problems: () => string[];
}

/** All checks in the order they are printed. */
export const CHECKS: readonly Check[] = [
  { name: "top level", problems: checkTopLevel },
  { name: "layers", problems: checkLayers },
  { name: "import cycles", problems: checkCycles },
  { name: "manifests in step", problems: () => syncManifests(false) },
  { name: "exports documented", problems: checkDocs },
];

if (import.meta.main) {
  let failed = 0;
  for (const check of CHECKS) {
    const problems = check.problems();
    console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${check.name}`);
    for (const p of problems) console.log(`     ${p}`);
    failed += problems.length;
  }
  process.exitCode = failed > 0 ? 1 : 0;
}
