/**
 * Pull and push.
 *
 * Source: moby `daemon/containerd/image_pull.go`, `image_push.go` (texts).
 *
 * @module
 */
import { type Credentials, createRemote, pull, push, type Remote } from "@rt/containerd";
import type { Call, Containerd } from "@rt/containerd/api";
import type { RegistryOptions } from "../api/engine.ts";
import type { AuthConfig, JsonMessage } from "../api/types/index.ts";
import { InvalidParameterError, messageOf, NotFoundError } from "../errors.ts";
import type { EventHub } from "../events/hub.ts";
import {
  familiarName,
  formatFamiliar,
  formatReference,
  type Logger,
  parseFamiliar,
  parsePlatform,
  type Reference,
  repositoryOf,
  withDefaultTag,
  withDigest,
  withTag,
} from "../oci.ts";
import { NAMESPACE } from "./contents.ts";
import { findRecord, keepReplaced } from "./names.ts";
import { progressMessages, progressStream } from "./progress.ts";
import { pullError, pushError } from "./registry_errors.ts";
import type { ImageStore } from "./store.ts";

/** What transfers need. */
export interface TransferDeps {
  readonly containerd: Containerd;
  readonly store: ImageStore;
  readonly events: EventHub;
  readonly snapshotter: string;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly log: Logger;
}

/** Credentials in the form that remotes take. */
export function credentialsOf(auth: AuthConfig | undefined): Credentials | undefined {
  if (auth === undefined) return undefined;
  const credentials: Credentials = {
    ...(auth.username ? { username: auth.username, password: auth.password ?? "" } : {}),
    ...(auth.identitytoken ? { identityToken: auth.identitytoken } : {}),
    ...(auth.registrytoken ? { registryToken: auth.registrytoken } : {}),
  };
  return Object.keys(credentials).length === 0 ? undefined : credentials;
}

/** Registries, with the user's credentials. */
export function remoteFor(deps: TransferDeps, auth: AuthConfig | undefined): Remote {
  const credentials = credentialsOf(auth);
  return createRemote({
    insecure: ["127.0.0.0/8", "localhost", ...deps.insecureRegistries],
    mirrors: deps.registryMirrors,
    log: deps.log,
    ...(credentials === undefined ? {} : { credentials: () => credentials }),
  });
}

/** A name and a tag (or digest) as one reference. @throws {InvalidParameterError} with Docker's text. */
export function referenceOf(name: string, tag: string | undefined): Reference {
  try {
    const bare = parseFamiliar(name);
    if (tag === undefined || tag === "") return bare;
    return tag.includes(":") ? withDigest(bare, tag) : withTag(bare, tag);
  } catch (cause) {
    throw new InvalidParameterError(messageOf(cause), { cause });
  }
}

/** The call context of a transfer. */
function callOf(signal: AbortSignal): Call {
  return { namespace: NAMESPACE, signal };
}

/** Pulls an image. */
export function pullImage(
  deps: TransferDeps,
  name: string,
  options: RegistryOptions & { readonly tag?: string } = {},
): AsyncIterable<JsonMessage> {
  return progressStream(async (emit, signal) => {
    const reference = withDefaultTag(referenceOf(name, options.tag));
    const full = formatReference(reference);
    const shown = formatFamiliar(reference);
    const before = await findRecord(deps.containerd.images, full);
    using remote = remoteFor(deps, options.auth);
    const report = progressMessages("pull", emit);
    let begun = false;
    try {
      const result = await pull(
        deps.containerd,
        full,
        {
          remote,
          snapshotter: deps.snapshotter,
          ...(options.platform ? { platform: parsePlatform(options.platform) } : {}),
          onProgress(progress) {
            if (!begun && progress.status === "resolved") {
              begun = true;
              emit({ status: `Pulling from ${reference.path}`, id: reference.tag ?? reference.digest ?? "" });
            }
            report(progress);
          },
        },
        callOf(signal),
      );
      const digest = result.target.digest;
      await keepReplaced(deps.containerd.images, before, digest);
      deps.store.invalidate();
      emit({ status: `Digest: ${digest}` });
      const same = before?.target.digest === digest;
      emit({
        status: same
          ? `Status: Image is up to date for ${shown}`
          : `Status: Downloaded newer image for ${shown}`,
      });
      deps.events.publish({
        type: "image",
        action: "pull",
        id: shown,
        attributes: { name: familiarName(reference) },
      });
    } catch (err) {
      deps.store.invalidate();
      throw pullError(err, shown, familiarName(reference));
    }
  }, options.signal);
}

/** Pushes an image. */
export function pushImage(
  deps: TransferDeps,
  name: string,
  options: RegistryOptions & { readonly tag?: string } = {},
): AsyncIterable<JsonMessage> {
  return progressStream(async (emit, signal) => {
    const asked = referenceOf(name, options.tag);
    const reference = withDefaultTag(asked);
    emit({ status: `The push refers to repository [${repositoryOf(reference)}]` });
    const full = formatReference(reference);
    const record = await findRecord(deps.containerd.images, full);
    if (record === undefined) {
      throw new NotFoundError(`An image does not exist locally with the tag: ${familiarName(reference)}`);
    }
    using remote = remoteFor(deps, options.auth);
    try {
      const pushed = await push(
        deps.containerd,
        full,
        record.target,
        {
          remote,
          ...(options.platform ? { platform: parsePlatform(options.platform) } : {}),
          onProgress: progressMessages("push", emit),
        },
        callOf(signal),
      );
      const tag = reference.tag ?? "";
      emit({ status: `${tag}: digest: ${pushed.digest} size: ${pushed.size}` });
      emit({ progressDetail: {}, aux: { Tag: tag, Digest: pushed.digest, Size: pushed.size } });
      const shown = formatFamiliar(reference);
      deps.events.publish({
        type: "image",
        action: "push",
        id: shown,
        attributes: { name: familiarName(reference) },
      });
    } catch (err) {
      throw pushError(err);
    }
  }, options.signal);
}
