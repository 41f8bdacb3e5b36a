/**
 * What a client asked, read by the rules of a 1.6.18 server. Keys have one character per byte;
 * exptimes are as sent, still to be read as relative or absolute.
 */
export type ParsedRequest =
  | AdminRequest
  | ArithmeticRequest
  | AuthenticationRequest
  | CloseRequest
  | DeleteRequest
  | MetaItemRequest
  | MetaSetRequest
  | RefusedRequest
  | RetrievalRequest
  | StorageRequest
  | TouchRequest

/** `get`, `gets`, `gat` and `gats`. */
export interface RetrievalRequest {
  readonly command: 'get' | 'gets' | 'gat' | 'gats'
  /** As sent: a key of more than 250 bytes makes the whole command fail when its turn comes. */
  readonly keys: readonly string[]
  /** New exptime, for `gat` and `gats`. */
  readonly exptime: number
}

/** A payload that follows the command line. */
export interface Payload {
  /** Declared length in bytes. */
  readonly length: number
  /**
   * The bytes, the request's own. Absent when they did not end in CR LF, and when there were more
   * than the parser keeps.
   */
  data: Buffer | undefined
}

export interface StorageRequest extends Payload {
  readonly command: 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas'
  readonly key: string
  readonly flags: number
  readonly exptime: number
  /** 0 for other commands than `cas`. */
  readonly cas: bigint
  readonly noreply: boolean
}

export interface DeleteRequest {
  readonly command: 'delete'
  readonly key: string
  readonly noreply: boolean
}

export interface ArithmeticRequest {
  readonly command: 'incr' | 'decr'
  readonly key: string
  readonly delta: bigint
  readonly noreply: boolean
}

export interface TouchRequest {
  readonly command: 'touch'
  readonly key: string
  readonly exptime: number
  readonly noreply: boolean
}

/** A command about the server rather than an item, with its words as sent. */
export interface AdminRequest {
  readonly command: AdminCommand
  readonly words: readonly string[]
  readonly noreply: boolean
}

export type AdminCommand =
  | 'cache_memlimit'
  | 'extstore'
  | 'flush_all'
  | 'lru'
  | 'lru_crawler'
  | 'mn'
  | 'quit'
  | 'refresh_certs'
  | 'shutdown'
  | 'slabs'
  | 'stats'
  | 'verbosity'
  | 'version'
  | 'watch'

/** The flags of a meta command. */
export interface ParsedMetaFlags {
  /** All tokens in the order sent, which is the order of the reply. */
  readonly tokens: readonly string[]
  /** T: new exptime. */
  readonly exptime: number | undefined
  /** N: create on a miss with this exptime. */
  readonly vivify: number | undefined
  /** R: exptime below which one caller is asked to recache. */
  readonly recache: number | undefined
  /** F */
  readonly clientFlags: number
  /** C */
  readonly cas: bigint | undefined
  /** E: CAS unique to give the item. */
  readonly chosenCas: bigint | undefined
  /** M, empty when not sent. */
  readonly mode: string
  /** D */
  readonly delta: bigint
  /** J */
  readonly initial: bigint
  /** I */
  readonly invalidate: boolean
  /** x: empty the item in place of deleting it. */
  readonly removeValue: boolean
  /** b: the key came as base64; the request has it decoded. */
  readonly binaryKey: boolean
  /** v */
  readonly value: boolean
  /** u */
  readonly noUpdate: boolean
  /** q */
  readonly quiet: boolean
}

export interface MetaItemRequest {
  readonly command: 'mg' | 'md' | 'ma' | 'me'
  readonly key: string
  readonly flags: ParsedMetaFlags
}

export interface MetaSetRequest extends Payload {
  readonly command: 'ms'
  readonly key: string
  readonly flags: ParsedMetaFlags
}

/** A line that the grammar refuses. */
export interface RefusedRequest {
  readonly command: 'refused'
  /** What to answer, without the line end. */
  readonly reply: string
  readonly noreply: boolean
  /** Length of the payload that was read past; absent when what followed is read as commands. */
  readonly length: number | undefined
}

/** User and password of a connection that is not yet authenticated. */
export interface AuthenticationRequest {
  readonly command: 'authenticate'
  readonly user: string
  readonly password: string
}

/** The connection is to be closed without an answer; nothing after it is read. */
export interface CloseRequest {
  readonly command: 'close'
}
