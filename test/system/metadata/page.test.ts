// What docs/metadata.md promises, row by row: each step of the documentation with curl, by the call
// and by the command.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmulatorServer, startEmulator } from '../../../src/cli/emulator-server.ts'
import { decodePkcs7 } from '../../../src/codec/pem.ts'
import { parseTrustAnchors, verifyInstanceIdentity } from '../../../src/index.ts'
import {
  DISK_ITEMS,
  INTERFACE_ITEMS,
  ITEMS,
  type Item,
  type ListEntry,
  type MetadataClient,
  type SshPublicKey,
  createMetadataClient,
  isSecretPath,
  itemAt,
} from '../../../src/metadata/index.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'
import { requireTool } from '../../support/requirements.ts'
import { readProjectFile } from '../../support/sources.ts'
import { tableRows } from '../../support/markdown.ts'
import { asTarget, asText, failureOf } from '../../support/metadata-client.ts'
import { curlWithToken } from '../../support/curl.ts'
import { verifyWithOpenssl } from '../../support/metadata-tools.ts'

const PAGE = readProjectFile('docs/metadata.md')
const AUDIENCE = 'a-nonce'

const rowsOf = (firstColumn: string): string[][] => tableRows(PAGE, firstColumn)

const STEPS = rowsOf('Step').map(([step = '', path = '', call = '', command = '']) => ({
  step,
  path,
  call,
  command,
}))
const NOT_FOUND = rowsOf('404 at').map(([path = '', remedy = '']) => ({ path, remedy }))

let full: EmulatorServer
let bare: EmulatorServer
let client: MetadataClient
let command: RollcallCommand
let fill: (text: string) => string
beforeAll(async () => {
  full = await startEmulator({ allItems: true, hardenedOnly: true })
  bare = await startEmulator({ hardenedOnly: true, faults: ['not-found:meta-data/hostname'] })
  client = createMetadataClient({ baseUrl: full.url })
  command = createCommand()
  const [[mac = ''], [role = '']] = [await client.items.macs(), await client.items.ramRoleNames()]
  const [disk = ''] = await client.items.diskSerials()
  fill = (text) =>
    text
      .replace('MAC', mac)
      .replace('ROLE', role)
      .replace('DISK', disk)
      .replaceAll('AUDIENCE', AUDIENCE)
  const evidence = await client.evidence({ audience: AUDIENCE })
  writeFileSync(join(command.folder, 'document.json'), evidence.document)
  writeFileSync(join(command.folder, 'pkcs7.txt'), evidence.pkcs7)
  writeFileSync(join(command.folder, 'cloud.pem'), full.emulator.certificatePem)
})
afterAll(async () => {
  command.remove()
  await Promise.all([full.close(), bare.close()])
})

/** Does what the column `call` says. */
const doCall = async (call: string): Promise<unknown> => {
  const trustAnchors = await parseTrustAnchors(full.emulator.certificatePem)
  const verify: typeof verifyInstanceIdentity = (evidence, options) =>
    verifyInstanceIdentity(evidence, { ...options, trustAnchors })
  // oxlint-disable-next-line typescript/no-implied-eval -- the text of our own page
  const run = new Function(
    'metadata',
    'verifyInstanceIdentity',
    `return (async () => ${fill(call)})()`,
  )
  return (run as (...args: unknown[]) => Promise<unknown>)(client, verify)
}

const runCommand = (line: string, url = full.url): Promise<Run> => {
  const [name, ...args] = fill(line).split(' ')
  expect(name).toBe('rollcall')
  return command.run(args, { env: { ROLLCALL_METADATA_URL: url } })
}

/** What curl prints, from what the call gave. */
const textOf = (path: string, value: unknown): string => {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  const item = itemAt(path)
  if (item !== undefined) return asText(item, value)
  if (!Array.isArray(value)) return String(value)
  const lines = (value as (string | ListEntry | SshPublicKey)[]).map((one) => {
    if (typeof one === 'string') return one
    return 'openssh' in one ? one.openssh : `${one.name}${one.isFolder ? '/' : ''}`
  })
  return lines.join('\n')
}
const withoutSlashes = (text: string): string => text.replaceAll(/\/$/gm, '')

describe('the steps of the documentation', () => {
  it('name every item that is known', () => {
    const paths = STEPS.map(({ path }) => path.replace('/latest/', '').replace(/\?.*/, ''))
    for (const { path } of Object.values(ITEMS)) expect(paths).toContain(path)
    for (const { path } of Object.values(INTERFACE_ITEMS)) {
      expect(paths).toContain(`${ITEMS.macs.path}MAC/${path}`)
    }
    for (const { path } of Object.values(DISK_ITEMS)) {
      expect(paths).toContain(`${ITEMS.diskSerials.path}DISK/${path}`)
    }
  })

  it('mark what the documentation lacks', () => {
    const marked = STEPS.filter(({ step }) => step.endsWith('(*)')).map(({ path }) => path)
    const items: readonly Item[] = Object.values(ITEMS)
    const undocumented = items.filter(({ isUndocumented }) => isUndocumented)
    expect(marked.toSorted()).toEqual(undocumented.map(({ path }) => `/latest/${path}`).toSorted())
  })

  const plain = STEPS.filter(({ path }) => !/ |\.\.\./.test(path))
  it('are run one by one, but for two', () => expect(plain.length).toBe(STEPS.length - 2))

  it.for(plain)('$step: $call, $command', async ({ path, call, command }, context) => {
    const curl = await curlWithToken(context, full.url)
    const text = await curl(fill(path))
    // Empty where there are none, as on ECS.
    if (!path.endsWith('sub-private-ipv4-list')) expect(text).not.toBe('')
    const below = fill(path).replace('/latest/', '')
    const got = textOf(below, await doCall(call))
    expect(itemAt(below)?.form === 'names' ? withoutSlashes(text) : text).toBe(got)
    if (command === '') return
    const { status, stdout, stderr } = await runCommand(command)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    if (command.includes(' get ')) expect(stdout).toBe(text)
    else {
      // Under the heading of a list.
      const names = stdout
        .split('\n')
        .slice(/ list\b/.test(command) ? 1 : 0)
        .map((line) => line.split(/ {2,}/)[0])
      expect(names.filter((name) => name !== '').join('\n')).toBe(text)
    }
  })

  it('everything, with values', async (context) => {
    const row = STEPS.find(({ path }) => path.includes('...'))
    const curl = await curlWithToken(context, full.url)
    const { stdout } = await runCommand(row?.command ?? '')
    let found = 0
    for await (const { path, name, isSecret } of (await doCall(
      row?.call ?? '',
    )) as AsyncIterable<ListEntry>) {
      found++
      // How the tree is drawn is the command's own affair.
      expect(
        stdout.split('\n').some((line) => line.trim().split(/ {2,}/)[0] === name),
        path,
      ).toBe(true)
      const isShown = !isSecret && path !== ITEMS.identitySignature.path
      const [first = ''] = (await curl(`/latest/${asTarget(path)}`)).split('\n')
      if (isShown) expect(stdout, path).toContain(first)
      else expect(stdout, path).not.toContain(first === '{' ? 'emulated-secret' : first)
    }
    expect(found).toBeGreaterThan(Object.keys(ITEMS).length)
  })

  it('verified with the certificate', async (context) => {
    requireTool(context, 'openssl', 'apt-get install openssl')
    const row = STEPS.find(({ path }) => path.includes('openssl'))
    const curl = await curlWithToken(context, full.url)
    const signature = await curl(fill(row?.path.split(',')[0] ?? ''))
    const content = verifyWithOpenssl(decodePkcs7(signature), full.emulator.certificatePem)
    expect(JSON.parse(content)).toMatchObject({ audience: AUDIENCE })
    const { instanceId } = full.emulator.instances[0] as { instanceId: string }
    expect(await doCall(row?.call ?? '')).toMatchObject({ instanceId, audience: AUDIENCE })
    const run = await runCommand(`${row?.command} --trust-anchor cloud.pem`)
    expect(run.status).toBe(0)
    expect(run.stdout).toContain(instanceId)
    const other = await runCommand(
      `${row?.command.replace('AUDIENCE', 'other')} --trust-anchor cloud.pem`,
    )
    expect(other.status).not.toBe(0)
  })
})

describe('the table of 404', () => {
  it('has every item that not every instance has, or one like it', () => {
    expect(NOT_FOUND.length).toBeGreaterThanOrEqual(8)
    const remedies = new Set(NOT_FOUND.map(({ remedy }) => remedy))
    for (const item of Object.values(ITEMS)) {
      if ('needs' in item && !isSecretPath(item.path))
        expect(remedies).toContain(`it needs ${item.needs}`)
    }
  })

  it.for(NOT_FOUND)('$path: $remedy', async ({ path, remedy }, context) => {
    const curl = await curlWithToken(context, bare.url)
    expect(await failureOf(curl(`/latest/${path}`))).toMatchObject({ code: 22 })
    const other = createMetadataClient({ baseUrl: bare.url })
    expect(await failureOf(other.get(path))).toMatchObject({ code: 'not_found', remedy })
    const { status, stdout, stderr } = await runCommand(`rollcall metadata get ${path}`, bare.url)
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
    expect(stderr).toContain(remedy)
  })
})
