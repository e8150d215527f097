/**
 * Service `containerd.services.images.v1.Images`.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import {
  type Image,
  ImageSchema,
  Images as Service,
} from "../api/gen/containerd/services/images/v1/images_pb.ts";
import type { Images } from "../api/images.ts";
import { fromFieldMask } from "../api/wire/common.ts";
import { fromImage, toImage } from "../api/wire/records.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

const record = (i: Image | undefined) => fromImage(i ?? create(ImageSchema));

/** Handlers over `images`. */
export function imagesService(images: Images): ServiceHandlers {
  return serve(Service, {
    async get({ name }, call) {
      return { image: toImage(await images.get(name, call)) };
    },
    async list({ filters }, call) {
      return { images: (await images.list(filters, call)).map(toImage) };
    },
    async create({ image }, call) {
      return { image: toImage(await images.create(record(image), call)) };
    },
    async update({ image, updateMask }, call) {
      return { image: toImage(await images.update(record(image), fromFieldMask(updateMask), call)) };
    },
    async delete({ name, sync }, call) {
      await images.delete(name, { sync }, call);
      return {};
    },
  });
}
