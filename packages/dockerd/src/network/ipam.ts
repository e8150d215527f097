/**
 * Addresses of one IPv4 subnet: parsing, and a pool that hands them out one after the other.
 *
 * Like Docker's allocator the pool goes on behind the last address it gave and wraps at the end, so that an address
 * that was just released is not given again at once.
 *
 * @module
 */
import { RtError } from "@rt/containerd/oci";

/** An IPv4 subnet. */
export interface Subnet {
  /** Network address as a 32-bit number. */
  readonly base: number;
  /** Prefix length, 8 to 30. */
  readonly prefixLength: number;
}

/** Number of a dotted address. @throws {RtError} `INVALID_ARGUMENT` */
export function parseAddress(address: string): number {
  const parts = address.split(".");
  const numbers = parts.map((p) => (/^\d{1,3}$/.test(p) ? Number(p) : 256));
  if (numbers.length !== 4 || numbers.some((n) => n > 255))
    throw new RtError("INVALID_ARGUMENT", `invalid IPv4 address: ${address}`);
  return numbers.reduce((sum, n) => sum * 256 + n, 0);
}

/** Dotted form of a number. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** `172.17.0.1/16` as address and subnet. @throws {RtError} `INVALID_ARGUMENT` */
export function parseCidr(cidr: string): { readonly address: string; readonly subnet: Subnet } {
  const [address = "", length = ""] = cidr.split("/");
  const prefixLength = Number(length);
  if (!/^\d+$/.test(length) || prefixLength < 8 || prefixLength > 30)
    throw new RtError("INVALID_ARGUMENT", `invalid CIDR address: ${cidr}`);
  const size = 2 ** (32 - prefixLength);
  const number = parseAddress(address);
  return { address, subnet: { base: number - (number % size), prefixLength } };
}

/** Dotted form of a subnet. */
export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.base)}/${subnet.prefixLength}`;
}

/** Hands out the addresses of one subnet. */
export class AddressPool {
  readonly #subnet: Subnet;
  readonly #used = new Set<number>();
  #next: number;

  /** A pool in which `reserved` (the gateway) is taken. */
  constructor(subnet: Subnet, reserved: readonly string[]) {
    this.#subnet = subnet;
    this.#next = subnet.base + 1;
    for (const r of reserved) this.#used.add(parseAddress(r));
  }

  /**
   * Takes the next free address, or `wanted`.
   *
   * @throws {RtError} `RESOURCE_EXHAUSTED` if all are taken; `CONFLICT` or `INVALID_ARGUMENT` about `wanted`.
   */
  take(wanted?: string): string {
    if (wanted !== undefined && wanted !== "") return this.#takeThis(wanted);
    const { base, prefixLength } = this.#subnet;
    const last = base + 2 ** (32 - prefixLength) - 2;
    for (let tries = last - base; tries > 0; tries--) {
      const candidate = this.#next;
      this.#next = candidate >= last ? base + 1 : candidate + 1;
      if (this.#used.has(candidate)) continue;
      this.#used.add(candidate);
      return formatAddress(candidate);
    }
    throw new RtError("RESOURCE_EXHAUSTED", "no available IPv4 addresses on this network's address pools");
  }

  /** Gives an address back. */
  give(address: string): void {
    this.#used.delete(parseAddress(address));
  }

  #takeThis(wanted: string): string {
    const { base, prefixLength } = this.#subnet;
    const number = parseAddress(wanted);
    if (number <= base || number >= base + 2 ** (32 - prefixLength) - 1)
      throw new RtError(
        "INVALID_ARGUMENT",
        `invalid address ${wanted}: It does not belong to any of this network's subnets`,
      );
    if (this.#used.has(number)) throw new RtError("CONFLICT", "Address already in use");
    this.#used.add(number);
    return wanted;
  }
}
