/**
 * ttrpc: containerd's lightweight RPC for connections on one machine.
 *
 * Frame table in `frame.ts`. Client and server are loops over protobuf-es service descriptors and run on any duplex.
 *
 * @module
 */
export { Channel, type ChannelListener } from "./channel.ts";
export { TtrpcConnection } from "./client.ts";
export {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type KeyValue,
  type RequestMessage,
  type ResponseMessage,
  type Status,
  type StatusDetail,
} from "./codec.ts";
export {
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameFlag,
  FrameType,
  HEADER_BYTES,
  MAX_DATA_BYTES,
} from "./frame.ts";
export { type Metadata, makeMetadata, NAMESPACE_KEY } from "./metadata.ts";
export { TtrpcRouter, TtrpcServerConnection } from "./server.ts";
export type { ServiceImpl, TtrpcCallOptions, TtrpcClient, TtrpcContext } from "./service.ts";
export { errorOf, STATUS_CODES, statusOf } from "./status.ts";
