// Checks whether the metadata service answers, has hardened mode, and gives the identity of this
// instance.

import { utf8 } from '../../base/bytes.ts'
import { InstanceIdentityError } from '../../base/errors.ts'
import { printable } from '../../base/text.ts'
import { limited } from '../../base/timing.ts'
import { readIdentityDocument } from '../../codec/identity-document.ts'
import { directFetch } from '../../metadata/direct-fetch.ts'
import { MetadataError } from '../../metadata/index.ts'
import { readReach } from '../call.ts'
import { ClientError } from '../client-error.ts'
import { requireKeyOf } from '../key-instance.ts'
import {
  type Check,
  type CheckOptions,
  type Findings,
  type Outcome,
  failed,
  ok,
  skipped,
  wordsOf,
} from './check.ts'

const PLAIN_SECONDS = 5

/** An error of the client, as the result of a check. */
export const metadataFailed = (error: unknown, remedy: string): Outcome => {
  if (!(error instanceof MetadataError)) throw error
  const { detail, remedy: own } = error
  return failed(detail, own === undefined ? remedy : `${own}; ${remedy}`)
}

const UNREACHABLE: ReadonlySet<string> = new Set(['unreachable', 'unavailable'])

/**
 * Asks once without a token: whether the service answers, and its time. Plain HTTP, so a wrong
 * clock of this machine does not matter.
 */
const askPlainly = async (
  { metadata: { baseUrl }, ...options }: CheckOptions,
  findings: Findings,
): Promise<void> => {
  const { timing } = readReach(options)
  const url = `${baseUrl}/latest/meta-data/instance-id`
  try {
    await limited({ seconds: PLAIN_SECONDS }, async (signal) => {
      const init = { method: 'GET', headers: {}, redirect: 'manual', signal } as const
      const startedAt = timing.now()
      const { status, body, headers } = await directFetch(url, init)
      const at = (startedAt + timing.now()) / 2
      await body?.cancel()
      findings.answersPlainly = status === 200
      const date = Date.parse(headers.get('Date') ?? '') / 1000
      if (!Number.isNaN(date)) findings.metadataTime = { date, at }
    })
  } catch {
    // The client has had an answer before. Later checks judge it.
  }
}

const metadataService: Check = {
  name: 'metadata service',
  needs: [],
  async run(options, findings) {
    const { metadata } = options
    try {
      await metadata.versions()
    } catch (error) {
      // Any answer is enough. Later checks report what the service refuses.
      if (!(error instanceof MetadataError)) throw error
      if (UNREACHABLE.has(error.code)) {
        return metadataFailed(
          error,
          'run this on the instance itself, and let it send to 100.100.100.200, port 80',
        )
      }
    }
    await askPlainly(options, findings)
    return ok(`${metadata.baseUrl} answers`)
  },
}

const hardenedMode: Check = {
  name: 'hardened mode',
  needs: ['metadata service'],
  async run(options, findings) {
    const { hardened, acceptsNormalMode } = options
    const { useNormalMode, onPlainRequests } = wordsOf(options)
    try {
      await hardened.isHardened()
    } catch (error) {
      const isMissing = error instanceof MetadataError && error.code === 'no_hardened_mode'
      if (isMissing && acceptsNormalMode) {
        return ok('it is missing; normal mode is used, as you asked for')
      }
      if (!isMissing)
        return metadataFailed(
          error,
          'check that no proxy is between this machine and the metadata service',
        )
      return failed(
        'the metadata service issues no tokens',
        'switch it on (ModifyInstanceMetadataOptions with HttpEndpoint=enabled, HttpTokens=optional), ' +
          `or ${useNormalMode}`,
      )
    }
    if (!findings.answersPlainly) return ok('it works, and requests without a token are refused')
    const advice = onPlainRequests === undefined ? '' : `; ${await onPlainRequests()}`
    return ok(`it works; requests without a token are answered too${advice}`)
  },
}

const identityDocument: Check = {
  name: 'document',
  needs: ['metadata service'],
  async run(options, findings) {
    const { metadata } = options
    try {
      const document = await metadata.identityDocument()
      const { instanceId, ownerAccountId, regionId, serialNumber } = readIdentityDocument(
        utf8(document),
      )
      findings.document = document
      findings.instance = { instanceId, serialNumber }
      return ok(printable(`${instanceId} of account ${ownerAccountId} in ${regionId}`))
    } catch (error) {
      if (error instanceof InstanceIdentityError) {
        return failed(
          `what it answers is not an identity document (${error.message})`,
          `check that this is the metadata service of ECS: ${wordsOf(options).showDocument}`,
        )
      }
      return metadataFailed(error, wordsOf(options).listItems)
    }
  },
}

/** Checks that the key was not copied from another machine. */
const key: Check = {
  name: 'key',
  needs: [],
  async run({ dpopKey }, { instance }) {
    if (dpopKey === undefined) {
      return ok('none is used; roles with binding "dpop" or reenrollment "same_key" need one')
    }
    if (dpopKey.instance === undefined) return ok('it is not marked as the key of an instance yet')
    if (instance === undefined) return skipped('not tried: it needs "document"')
    try {
      requireKeyOf(dpopKey, instance)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      return failed(error.detail, error.remedy ?? '')
    }
    return ok('it was made for this instance')
  },
}

export const METADATA_CHECKS: readonly Check[] = [
  metadataService,
  hardenedMode,
  identityDocument,
  key,
]
