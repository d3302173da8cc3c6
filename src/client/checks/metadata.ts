// Whether the metadata service is there, is hardened, and knows this instance.

import { utf8 } from '../../base/bytes.ts'
import { InstanceIdentityError } from '../../base/errors.ts'
import { printable } from '../../base/text.ts'
import { limited } from '../../base/timing.ts'
import { readIdentityDocument } from '../../codec/identity-document.ts'
import { directFetch } from '../../metadata/direct-fetch.ts'
import { MetadataError } from '../../metadata/index.ts'
import { type Check, type Outcome, failed, ok } from './check.ts'

const PLAIN_SECONDS = 5

/** What an error of the client means, and what to do. */
export const metadataFailed = (error: unknown, remedy: string): Outcome => {
  if (!(error instanceof MetadataError)) throw error
  const { detail, remedy: own } = error
  return failed(detail, own === undefined ? remedy : `${own}; ${remedy}`)
}

const UNREACHABLE: ReadonlySet<string> = new Set(['unreachable', 'unavailable'])

const metadataService: Check = {
  name: 'metadata service',
  needs: [],
  async run({ metadata }) {
    try {
      await metadata.versions()
    } catch (error) {
      // Any answer will do: what it refuses is told by the checks that follow.
      if (!(error instanceof MetadataError)) throw error
      if (UNREACHABLE.has(error.code)) {
        return metadataFailed(
          error,
          'run this on the instance itself, and let it send to 100.100.100.200, port 80',
        )
      }
    }
    return ok(`${metadata.baseUrl} answers`)
  },
}

/** Whether a request without a token is answered. */
const answersPlainly = async (baseUrl: string): Promise<boolean> => {
  const url = `${baseUrl}/latest/meta-data/instance-id`
  try {
    return await limited({ seconds: PLAIN_SECONDS }, async (signal) => {
      const init = { method: 'GET', headers: {}, redirect: 'manual', signal } as const
      const { status, body } = await directFetch(url, init)
      await body?.cancel()
      return status === 200
    })
  } catch {
    return false
  }
}

const hardenedMode: Check = {
  name: 'hardened mode',
  needs: ['metadata service'],
  async run({ hardened, acceptsNormalMode }) {
    try {
      await hardened.isHardened()
    } catch (error) {
      const isMissing = error instanceof MetadataError && error.code === 'no_hardened_mode'
      if (isMissing && acceptsNormalMode) {
        return ok('it is missing; normal mode is used, as --metadata-mode auto says')
      }
      if (!isMissing) return metadataFailed(error, 'take away whatever stands between them')
      return failed(
        'the metadata service gives no tokens',
        'switch it on (ModifyInstanceMetadataOptions with HttpTokens), or enroll with --metadata-mode auto',
      )
    }
    const isPlain = await answersPlainly(hardened.baseUrl)
    return ok(
      isPlain
        ? 'it works; requests without a token are answered too: HttpTokens=required ends that'
        : 'it works, and requests without a token are refused',
    )
  },
}

const identityDocument: Check = {
  name: 'document',
  needs: ['metadata service'],
  async run({ metadata }, findings) {
    try {
      const document = await metadata.identityDocument()
      const { instanceId, ownerAccountId, regionId } = readIdentityDocument(utf8(document))
      findings.document = document
      return ok(printable(`${instanceId} of account ${ownerAccountId} in ${regionId}`))
    } catch (error) {
      if (error instanceof InstanceIdentityError) {
        return failed(
          `what it answers is not an identity document (${error.message})`,
          'is this the metadata service of ECS? `rollcall metadata get dynamic/instance-identity/document` shows it',
        )
      }
      return metadataFailed(error, '`rollcall metadata list dynamic` shows what there is')
    }
  },
}

export const METADATA_CHECKS: readonly Check[] = [metadataService, hardenedMode, identityDocument]
