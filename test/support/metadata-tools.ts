// Commands that tests here run as witnesses, and how the metadata service is asked.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetadataEmulator } from '../../src/emulator/index.ts'

const LIMIT_MS = 20_000

/** Runs a command in a temporary folder with these files in it; gives its standard output. */
export const runWithFiles = (
  command: string,
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Uint8Array => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const output = execFileSync(command, args, { cwd: folder, timeout: LIMIT_MS, stdio: 'pipe' })
    return new Uint8Array(output)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Verifies a message as a witness does: with this certificate only. @returns the content */
export const verifyWithOpenssl = (der: Uint8Array, certificatePem: string): string => {
  const args = 'smime -verify -inform DER -in message -certfile certificate -nointern -noverify'
  const files = { message: der, certificate: certificatePem }
  return Buffer.from(runWithFiles('openssl', args.split(' '), files)).toString()
}

/** Asks an emulator for a path. */
export const ask = (
  { fetch }: MetadataEmulator,
  path: string,
  init: RequestInit = {},
): Promise<Response> => fetch(new Request(`http://100.100.100.200${path}`, init))

/** Asks an emulator for a path and gives the text of its answer. */
export const askText = async (
  emulator: MetadataEmulator,
  path: string,
  init?: RequestInit,
): Promise<string> => (await ask(emulator, path, init)).text()

export const DOCUMENT = '/latest/dynamic/instance-identity/document'
export const PKCS7 = '/latest/dynamic/instance-identity/pkcs7'
