/**
 * The bytes of the files in a storage folder: heads, records, checksums.
 *
 * @module
 */

export { drawId } from "./draw_id.ts";
export { crc32 } from "./crc32.ts";
export {
  checkIdentity,
  decodeFileHeader,
  encodeFileHeader,
  type ExpectedIdentity,
  FILE_HEADER_BYTES,
  type FileHeader,
  type FileLetter,
  FORMAT_VERSION,
  FORMAT_VERSION_LEAST,
  type Identity,
} from "./file_head.ts";
export {
  BASE_RECORD_BYTES,
  baseOfRecord,
  decodeRecordBody,
  decodeRecordHeader,
  encodeRecord,
  endOfRecord,
  entryBytes,
  isTorn,
  RECORD_HEADER_BYTES,
  type RecordContent,
  recordHeadersIn,
  type RecordPlace,
  usedLength,
} from "./record.ts";
