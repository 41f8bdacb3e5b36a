export { encodeBase64 } from './base64.ts'
export { parseInt32, parseUint32, parseUint64 } from './c-number.ts'
export { type MetaFeatures, metaFeatures } from './meta-features.ts'
export { isOpaqueTooLong } from './meta-request.ts'
export { ReplyWriter } from './reply-writer.ts'
export type {
  AdminRequest,
  ArithmeticRequest,
  DeleteRequest,
  MetaItemRequest,
  MetaSetRequest,
  ParsedRequest,
  RetrievalRequest,
  StorageRequest,
  TouchRequest,
} from './request.ts'
export { RequestParser, type RequestParserOptions } from './request-parser.ts'
