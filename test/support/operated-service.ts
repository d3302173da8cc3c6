// A service with operators: their keys, and their calls as they make them. Tokens are signed here by
// jose, which has no part in signing in the service.

import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { parseOperatorKeys } from '../../src/token/operator-keys.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { type TestService, type TestServiceOptions, ISSUER, createTestService } from './http.ts'

/** What an operator's token says, where a test wants another than a good one. */
export interface OperatorToken {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  /** Default: the operator's own. */
  readonly key?: CryptoKey
}

/** A service, and an operator of it. */
export interface OperatedService extends TestService {
  readonly operatorKey: CryptoKey
  readonly operatorJwks: string
  /** A token for one call. */
  operatorToken(changes?: OperatorToken): Promise<string>
  /** A call with a token of its own. */
  operate(
    method: string,
    path: string,
    fields?: Readonly<Record<string, string>>,
  ): Promise<Response>
}

/** The operator's name in tests. */
export const OPERATOR = 'alice@rollcall.example'

/** Creates one. */
export const createOperatedService = async (
  options: TestServiceOptions = {},
): Promise<OperatedService> => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const operatorJwks = JSON.stringify({ keys: [jwk] })
  const ledger = options.ledger ?? createMemoryLedger(0)
  const service = await createTestService({
    ...options,
    ledger,
    operators: { ledger, operatorKeys: await parseOperatorKeys(operatorJwks) },
  })

  const operatorToken = ({ header, claims, key }: OperatorToken = {}): Promise<string> =>
    new SignJWT({
      sub: OPERATOR,
      aud: ISSUER,
      iat: service.now,
      exp: service.now + 60,
      jti: crypto.randomUUID(),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'rollcall-admin+jwt', kid, ...header })
      .sign(key ?? privateKey)

  return Object.assign(service, {
    operatorKey: privateKey,
    operatorJwks,
    operatorToken,
    async operate(method: string, path: string, fields?: Readonly<Record<string, string>>) {
      const headers = { Authorization: `Bearer ${await operatorToken()}` }
      if (fields === undefined) return service.request(path, { method, headers })
      return service.request(path, {
        method,
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(fields),
      })
    },
  })
}
