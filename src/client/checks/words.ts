// The proposals of the checks, in the words of the program that shows them: a command names its
// options, a library its functions.

/** Instructions. Each can follow the word "or". */
export interface CheckWords {
  /** Use normal mode of the metadata service. */
  readonly useNormalMode: string
  /** Enroll for real. */
  readonly enroll: string
  /** Show a key, where the role needs one. */
  readonly giveKey: string
  /** See what the metadata service has. */
  readonly listItems: string
  /** See the identity document. */
  readonly showDocument: string
  /** Look at a signature. */
  readonly inspectSignature: string
  /** Find time servers. */
  readonly listTimeServers: string
  /** What to do if requests without a token are answered. Default: no proposal. */
  readonly onPlainRequests?: (() => Promise<string>) | undefined
}

/** The words of this library. */
export const LIBRARY_WORDS: CheckWords = {
  useNormalMode: 'use a metadata client of the mode `auto`',
  enroll: 'set `enroll` to try it',
  giveKey: 'give the key of this instance as `dpopKey`',
  listItems: 'list the folder `dynamic` of the metadata service',
  showDocument: 'look at what `identityDocument()` of the metadata client gives',
  inspectSignature: 'look at what `identitySignature()` of the metadata client gives',
  listTimeServers: '`items.ntpServers()` of the metadata client names servers',
}
