// Faults of the emulator that hit a number of answers, or a path.

import { describe, expect, it } from 'vitest'
import { parseFaults } from '../../../src/emulator/faults.ts'
import { DOCUMENT, PKCS7, ask } from '../../support/metadata-tools.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

describe('parseFaults()', () => {
  it('adds up delays, of all answers and of a path', () => {
    const faults = parseFaults(['slow:100', 'slow:20x2@meta-data/', 'slow:3@user-data'])
    const delays = ['meta-data', 'meta-data/mac', 'meta-data-2', 'meta-data/mac', 'user-data']
    expect(delays.map((path) => faults.nextDelayMs(path))).toEqual([120, 120, 100, 100, 103])
    expect(faults.nextDelayMs()).toBe(100)
  })

  it('gives an error as often as it was asked for', () => {
    const faults = parseFaults(['error:500x2@dynamic', 'error:503x1'])
    expect(faults.nextError('dynamic/x')).toBe(500)
    expect(faults.nextError('user-data')).toBeUndefined()
    expect(faults.nextError('dynamic')).toBe(500)
    expect(faults.nextError('dynamic')).toBeUndefined()
    const always = parseFaults(['error:429@api/token'])
    expect([1, 2, 3].map(() => always.nextError('api/token'))).toEqual([429, 429, 429])
  })

  it.each([
    'error',
    'error:',
    'error:200',
    'error:600',
    'error:500x@a',
    'error:500@',
    'error:500@/a',
    'token-uses',
    'token-uses:1@a',
    'token-uses:1x2',
    'slow:1@',
    'wrapped@a',
  ])('refuses %s', (fault) => {
    expect(() => parseFaults([fault])).toThrow(/expected one of .*, got /)
  })
})

describe('createMetadataEmulator() with a fault of a path', () => {
  it('error answers with a status in place of the answer, then with the answer', async () => {
    const faults = ['error:500x1@dynamic/instance-identity/pkcs7', 'error:503@api/token']
    const emulator = await createTestEmulator({ faults })
    const statuses: number[] = []
    for (const path of [DOCUMENT, PKCS7, PKCS7, '/'])
      statuses.push((await ask(emulator, path)).status)
    expect(statuses).toEqual([200, 500, 200, 200])
    const put = { method: 'PUT', headers: { 'X-aliyun-ecs-metadata-token-ttl-seconds': '60' } }
    expect((await ask(emulator, '/latest/api/token', put)).status).toBe(503)
  })

  it('token-uses ends a token after so many reads', async () => {
    const emulator = await createTestEmulator({ faults: ['token-uses:2'], hardenedOnly: true })
    const put = { method: 'PUT', headers: { 'X-aliyun-ecs-metadata-token-ttl-seconds': '60' } }
    const token = await (await ask(emulator, '/latest/api/token', put)).text()
    const headers = { 'X-aliyun-ecs-metadata-token': token }
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await ask(emulator, DOCUMENT, { headers })).status)
    expect(statuses).toEqual([200, 200, 401])
  })
})
