/**
 * Protocol buffers: messages as tables of fields, with limits.
 *
 * @module
 */

export {
  bytes,
  type Contents,
  flag,
  int,
  long,
  MalformedMessage,
  many,
  manyBytes,
  manyInts,
  MessageType,
  one,
  type ProtoField,
} from "./message_type.ts";
export { ProtoReader, type Wire, WIRES } from "./proto_reader.ts";
export { ProtoWriter } from "./proto_writer.ts";
