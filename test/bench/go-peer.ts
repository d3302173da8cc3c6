// The Go peer, built where Go and Debian's package of the PKCS #7 library are installed.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cleanEnvironment } from '../support/processes.ts'
import { findTool } from '../support/requirements.ts'
import { ROOT } from '../support/sources.ts'

/** Where Debian puts the sources of Go's libraries. */
const GOPATH = '/usr/share/gocode'
const LIBRARY = 'go.mozilla.org/pkcs7'
const SOURCES = join(ROOT, 'test/bench/go')

/** The peer, or why there is none. */
export type GoPeer = { readonly file: string } | { readonly skipped: string }

/**
 * Builds the peer.
 * @param folder where its program is put
 * @throws Error if Go and the library are installed and the sources don't compile
 */
export const buildGoPeer = async (folder: string): Promise<GoPeer> => {
  const go = findTool('go')
  if (go === undefined) return { skipped: 'go is not installed: apt-get install golang-go' }
  if (!existsSync(join(GOPATH, 'src', LIBRARY))) {
    return {
      skipped: `${LIBRARY} is not installed: apt-get install golang-github-fullsailor-pkcs7-dev`,
    }
  }
  const file = join(folder, 'go-peer')
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith('.go'))
  await promisify(execFile)(go, ['build', '-o', file, ...sources], {
    cwd: SOURCES,
    env: cleanEnvironment({ GOPATH, GO111MODULE: 'off', GOFLAGS: '' }),
  })
  return { file }
}
