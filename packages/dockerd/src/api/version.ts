/**
 * Engine API versions: what we speak, and how two versions compare.
 *
 * Source: moby `api/docs/CHANGELOG.md`; docker 28.2 speaks 1.50, 28.3 speaks 1.51.
 *
 * @module
 */

/** The newest Engine API version served; sent as `Api-Version`. */
export const API_VERSION = "1.51";

/** The oldest Engine API version served. */
export const MIN_API_VERSION = "1.24";

/** The version that the daemon reports as its own in `docker version`. */
export const ENGINE_VERSION = "28.3.0-rt";

/** Compares two `major.minor` versions: negative, zero or positive, as a comparator for sort. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}
