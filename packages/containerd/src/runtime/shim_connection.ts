/**
 * Connections to shims: one per address, shared by the tasks that its shim serves.
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

/** Open connections by address. */
export class ShimConnections implements AsyncDisposable {
  readonly #open = new Map<string, Promise<ShimConnection>>();
  readonly #lost: (connection: ShimConnection) => void;

  /** @param lost Called once for each connection that ends without having been dropped. */
  constructor(lost: (connection: ShimConnection) => void) {
    this.#lost = lost;
  }

  /** The connection to a shim, opened if there is none. @throws {RtError} `UNAVAILABLE` if nobody listens there. */
  get(shim: ShimAddress, namespace: string): Promise<ShimConnection> {
    const known = this.#open.get(shim.address);
    if (known !== undefined) return known;
    const opening = this.#connect(shim, namespace);
    this.#open.set(shim.address, opening);
    opening.catch(() => this.#forget(shim.address, opening));
    return opening;
  }

  /** Closes a connection on purpose. */
  async drop(connection: ShimConnection): Promise<void> {
    this.#open.delete(connection.shim.address);
    await connection.client[Symbol.asyncDispose]();
  }

  /** Closes all connections on purpose. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(
      all.map(async (c) => (await c).client[Symbol.asyncDispose]()).map((p) => p.catch(() => {})),
    );
  }

  async #connect(shim: ShimAddress, namespace: string): Promise<ShimConnection> {
    const client = await ShimClient.connect(shim, namespace);
    const connection = { shim, client, open: true };
    void client.closed.then(() => {
      connection.open = false;
      const current = this.#open.get(shim.address);
      void current?.then((c) => {
        if (c !== connection) return;
        this.#open.delete(shim.address);
        this.#lost(connection);
      });
    });
    return connection;
  }

  #forget(address: string, opening: Promise<ShimConnection>): void {
    if (this.#open.get(address) === opening) this.#open.delete(address);
  }
}
