// A situation in which an instance enrolls, and how a client ends in it: the rows of the table in
// client-situations.ts.

import type { ClientErrorCode, RefusalReason } from '../../src/client/index.ts'
import type { ClientServers, ClientServersOptions, Intercept } from './client-servers.ts'
import type { Run } from './command.ts'
import type { HostileAnswer } from './hostile-answers.ts'

/** Why a client ends with exit status 3. */
export type MetadataFailure =
  /** Nobody answers, or the metadata service fails each time. */
  | 'no service'
  | 'no hardened mode'
  /** It gives no token, or does not take the token that it gave. */
  | 'token refused'
  | 'not found'

/** Why a client ends with exit status 4 or 5. */
export type ServiceFailure = Extract<
  ClientErrorCode,
  | 'unreachable'
  | 'unavailable'
  | 'foreign_answer'
  | 'challenge_malformed'
  | 'challenge_foreign'
  | 'challenge_expired'
  | 'enrollment_refused'
  | 'token_malformed'
>

/** What a client says of each failure. */
export type Said = Readonly<Record<MetadataFailure | ServiceFailure, RegExp>>

/** A situation, and how a client ends in it. */
export interface Situation {
  readonly status: number
  /** With exit status 3 the client says this. */
  readonly failure?: MetadataFailure
  /** With exit status 4 or 5 the library ends with this code, and the others say as much. */
  readonly code?: ServiceFailure | undefined
  /** Why the service refuses, which each client shows. Default: no reason. */
  readonly reason?: RefusalReason
  readonly options?: ClientServersOptions
  /** Happens before the client starts; its calls are not counted. */
  readonly prepare?: (servers: ClientServers) => Promise<void>
  /** Makes what happens between client and service, once for each client. */
  readonly intercept?: () => Intercept
  readonly env?: Readonly<Record<string, string>>
  /** How often the client asks for a challenge. Default: 1. */
  readonly challenges?: number
  /** How often the client posts evidence. Default: 1 with exit status 0 and 4, else 0. */
  readonly enrollments?: number | undefined
  /** How often the client says that it tries again. Default: it is not looked at. */
  readonly retries?: number
  /** Nobody listens at the address of the service. */
  readonly serviceIsDown?: true
  /** The client calls the service by `https`, and the service speaks plain HTTP. */
  readonly calledAsHttps?: true
  /** Nobody listens at the address of the metadata service. */
  readonly metadataIsDown?: true
  /** What the service or the metadata service answers in place of the good answer. */
  readonly answer?: HostileAnswer
  /** How wrong the clock of the instance is. */
  readonly clockShiftSeconds?: number
  /** The metadata service is slow, and no clock can be moved ahead for that. */
  readonly isSlow?: true
}

/** Situations by what is the case. */
export type Situations = Readonly<Record<string, Situation>>

/** How a client ended. */
export interface ClientRun extends Run {
  /** How often it said that it tries again. Default: as often as standard error says so. */
  readonly retries?: number
  /** Default: the one that standard error names. */
  readonly reason?: RefusalReason | undefined
}

/** What a client gets, and how it ends. */
export type Client = (
  servers: ClientServers,
  given: {
    readonly url: string
    readonly env: Readonly<Record<string, string>>
    readonly situation: Situation
  },
) => Promise<ClientRun>
