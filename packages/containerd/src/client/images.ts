/**
 * Images over gRPC.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  ImageSchema,
  Images as Service,
  type Image as WireImage,
} from "../api/gen/containerd/services/images/v1/images_pb.ts";
import type { Image, Images } from "../api/images.ts";
import { toFieldMask } from "../api/wire/common.ts";
import { fromImage, toImage } from "../api/wire/records.ts";
import { callOptions, unary } from "./call.ts";

const record = (i: WireImage | undefined): Image => fromImage(i ?? create(ImageSchema));

/** Images of the daemon behind `transport`. */
export function imagesClient(transport: Transport): Images {
  const client = createClient(Service, transport);
  return {
    async get(name, call) {
      return record((await unary(client.get({ name }, callOptions(call)))).image);
    },
    async list(filters, call) {
      return (await unary(client.list({ filters: [...filters] }, callOptions(call)))).images.map(record);
    },
    async create(image, call) {
      return record((await unary(client.create({ image: toImage(image) }, callOptions(call)))).image);
    },
    async update(image, fieldPaths, call) {
      const updateMask = toFieldMask(fieldPaths);
      const request = { image: toImage(image), ...(updateMask && { updateMask }) };
      return record((await unary(client.update(request, callOptions(call)))).image);
    },
    async delete(name, options, call) {
      await unary(client.delete({ name, sync: options.sync ?? false }, callOptions(call)));
    },
  };
}
