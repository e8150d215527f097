/**
 * Gives names to images and takes them away.
 *
 * A target that loses its last name stays as a dangling image, as `docker tag` and `docker pull` leave it.
 *
 * @module
 */
import type { Call, Containerd, Image } from "@rt/containerd/api";
import { hasCode } from "../errors.ts";
import type { Descriptor } from "../oci.ts";
import { NAMESPACE } from "./contents.ts";
import { DANGLING } from "./store.ts";

const call: Call = { namespace: NAMESPACE };

/** The record with this name; undefined if there is none. */
export async function findRecord(images: Containerd["images"], name: string): Promise<Image | undefined> {
  return await images.get(name, call).catch((err) => {
    if (hasCode(err, "NOT_FOUND")) return undefined;
    throw err;
  });
}

/** Keeps a target that has no other name. */
async function keepDangling(images: Containerd["images"], target: Descriptor): Promise<void> {
  const records = await images.list([], call);
  if (records.some((record) => record.target.digest === target.digest)) return;
  await images.create({ name: `${DANGLING}${target.digest}`, target }, call).catch((err) => {
    if (!hasCode(err, "ALREADY_EXISTS")) throw err;
  });
}

/** Makes `name` stand for `target`. */
export async function setName(
  images: Containerd["images"],
  name: string,
  target: Descriptor,
  lease?: string,
): Promise<void> {
  const context = lease === undefined ? call : { ...call, lease };
  const before = await findRecord(images, name);
  if (before === undefined) await images.create({ name, target }, context);
  else if (before.target.digest !== target.digest) {
    await images.update({ name, target }, undefined, context);
    await keepDangling(images, before.target);
  }
  if (!name.startsWith(DANGLING)) {
    await images.delete(`${DANGLING}${target.digest}`, {}, context).catch((err) => {
      if (!hasCode(err, "NOT_FOUND")) throw err;
    });
  }
}

/** Keeps what `name` stood for before a pull gave it another meaning. */
export async function keepReplaced(
  images: Containerd["images"],
  before: Image | undefined,
  now: string,
): Promise<void> {
  if (before !== undefined && before.target.digest !== now) await keepDangling(images, before.target);
}
