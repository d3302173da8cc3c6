// The key that a token can be bound to (RFC 9449): made once, kept in a file that only its owner can
// read, and proved at each enrollment.

import { existsSync } from 'node:fs'
import { type DpopKey, createDpopKey } from '../../client/index.ts'
import { loadPrivateKey } from '../private-key.ts'
import { inFolder } from '../run.ts'
import { say } from '../say.ts'
import { cannotWrite, writeNewSecret } from '../secret-file.ts'

const makeKey = async (path: string): Promise<void> => {
  const { generateSigningKeys } = await import('../../token/generate.ts')
  const json = JSON.stringify(await generateSigningKeys('ES256'))
  try {
    writeNewSecret(path, `${json}\n`)
    say(`made a key for DPoP, ${path}; keep it: it is this instance's`)
  } catch (error) {
    // Another one of us was faster: its key is as good.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw cannotWrite(error, path, '--dpop-key')
    }
  }
}

/** Loads the key of a file, which is made if it isn't there. @throws CommandError */
export const loadDpopKey = async (path: string): Promise<DpopKey> => {
  if (!existsSync(inFolder(path))) await makeKey(path)
  const hint = 'move it away, and a new key is made (under "same_key" the service will refuse it)'
  return createDpopKey(await loadPrivateKey(path, '--dpop-key', hint))
}
