/**
 * Connections to shims: one per address, shared by the tasks that its shim serves, and closed with the last of them.
 *
 * @module
 */
import { type ShimAddress, ShimClient } from "@rt/shim/client";

/** An open connection. */
export interface ShimConnection {
  readonly shim: ShimAddress;
  readonly client: ShimClient;
  /** False from the moment it was lost. */
  readonly open: boolean;
}

interface Shared {
  readonly connection: Promise<ShimConnection>;
  users: number;
}

/** Open connections by address. */
export class ShimConnections implements AsyncDisposable {
  readonly #open = new Map<string, Shared>();
  readonly #lost: (connection: ShimConnection) => void;

  /** @param lost Called once for each connection that ends without having been closed here. */
  constructor(lost: (connection: ShimConnection) => void) {
    this.#lost = lost;
  }

  /**
   * The connection to a shim, opened if there is none; to be released as often as it was asked for.
   *
   * @throws {RtError} `UNAVAILABLE` if nobody listens there.
   */
  get(shim: ShimAddress, namespace: string): Promise<ShimConnection> {
    const known = this.#open.get(shim.address);
    if (known !== undefined) {
      known.users++;
      return known.connection;
    }
    const shared: Shared = { connection: this.#connect(shim, namespace), users: 1 };
    this.#open.set(shim.address, shared);
    shared.connection.catch(() => this.#forget(shim.address, shared));
    return shared.connection;
  }

  /** Gives a connection back; the last one closes it. */
  async release(connection: ShimConnection): Promise<void> {
    const shared = this.#open.get(connection.shim.address);
    if (shared === undefined || (await shared.connection.catch(() => undefined)) !== connection) return;
    if (--shared.users > 0) return;
    this.#forget(connection.shim.address, shared);
    await connection.client[Symbol.asyncDispose]();
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(
      all.map(async ({ connection }) => (await connection).client[Symbol.asyncDispose]()),
    );
  }

  async #connect(shim: ShimAddress, namespace: string): Promise<ShimConnection> {
    const client = await ShimClient.connect(shim, namespace);
    const connection = { shim, client, open: true };
    void client.closed.then(async () => {
      connection.open = false;
      const shared = this.#open.get(shim.address);
      if (shared === undefined || (await shared.connection) !== connection) return;
      this.#forget(shim.address, shared);
      this.#lost(connection);
    });
    return connection;
  }

  #forget(address: string, shared: Shared): void {
    if (this.#open.get(address) === shared) this.#open.delete(address);
  }
}
