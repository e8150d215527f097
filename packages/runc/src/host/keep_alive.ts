/**
 * Keeps the engine's event loop alive while nothing but an unreferenced handle is waited for.
 *
 * @module
 */

/** As `promise`; the engine does not exit before it settles. */
export async function keepAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 0x7fff_ffff);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
