/**
 * Service `containerd.services.content.v1.Content`.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import type { Content, ContentInfo } from "../api/content.ts";
import { InfoSchema, Content as Service } from "../api/gen/containerd/services/content/v1/content_pb.ts";
import { fromFieldMask } from "../api/wire/common.ts";
import { toContentInfo, toIngestStatus } from "../api/wire/records.ts";
import { writeSession } from "./content_write.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

/** Blobs per message of a list. */
const pageSize = 100;

/** Handlers over `content`. */
export function contentService(content: Content): ServiceHandlers {
  return serve(Service, {
    async info({ digest }, call) {
      return { info: toContentInfo(await content.info(digest, call)) };
    },
    async update({ info = create(InfoSchema), updateMask }, call) {
      const { digest, labels } = info;
      return {
        info: toContentInfo(await content.update({ digest, labels }, fromFieldMask(updateMask), call)),
      };
    },
    async *list({ filters }, call) {
      let page: ContentInfo[] = [];
      for await (const info of content.list(filters, call)) {
        page.push(info);
        if (page.length < pageSize) continue;
        yield { info: page.map(toContentInfo) };
        page = [];
      }
      if (page.length > 0) yield { info: page.map(toContentInfo) };
    },
    async delete({ digest }, call) {
      await content.delete(digest, call);
      return {};
    },
    async *read({ digest, offset, size }, call) {
      let at = offset;
      for await (const piece of content.read(digest, { offset: Number(offset), size: Number(size) }, call)) {
        yield { offset: at, data: piece as Uint8Array<ArrayBuffer> };
        at += BigInt(piece.length);
      }
    },
    async status({ ref }, call) {
      return { status: toIngestStatus(await content.status(ref, call)) };
    },
    async listStatuses({ filters }, call) {
      return { statuses: (await content.statuses(filters, call)).map(toIngestStatus) };
    },
    write: (requests, call) => writeSession(content, requests, call),
    async abort({ ref }, call) {
      await content.abort(ref, call);
      return {};
    },
  });
}
