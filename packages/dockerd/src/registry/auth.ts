/**
 * Registry credentials: checked against the registry's `/v2/`.
 *
 * Source: moby `daemon/pkg/registry/auth.go`.
 *
 * @module
 */
import type { AuthConfig, AuthResponse } from "../api/types/index.ts";

/** Checks credentials. */
export interface RegistryAuth {
  /** @throws `UNAUTHENTICATED` if the registry refuses them. */
  check(auth: AuthConfig): Promise<AuthResponse>;
}
