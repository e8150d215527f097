/**
 * Chain IDs: names for a stack of layers.
 *
 * `chain(L0) = diff(L0)`, `chain(L0…Ln) = sha256(chain(L0…Ln-1) + " " + diff(Ln))`.
 *
 * Source: image-spec 1.1 `config.md` section "Layer ChainID"; image-spec `identity/chainid.go`.
 *
 * @module
 */
import { type Digest, digestOf } from "../digest.ts";

/**
 * The chain IDs of each stack `diffIds[0…n]`, in the same order.
 *
 * @example
 * ```ts
 * import { chainIds, digestOf } from "@rt/oci-spec";
 * const [a, b] = [digestOf("a"), digestOf("b")];
 * if (chainIds([a, b])[1] !== digestOf(`${a} ${b}`)) throw new Error("wrong recursion");
 * ```
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chains: Digest[] = [];
  for (const diff of diffIds) {
    const below = chains.at(-1);
    chains.push(below === undefined ? diff : digestOf(`${below} ${diff}`));
  }
  return chains;
}

/** The chain ID of the whole stack; the empty text if there are no layers. */
export function chainId(diffIds: readonly Digest[]): Digest {
  return chainIds(diffIds).at(-1) ?? "";
}
