// The URL of a service with a slash behind it: every subcommand takes it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkServiceAddress } from '../../../src/cli/service-address.ts'
import { type AdminService, startAdminService } from '../../support/admin-service.ts'

let service: AdminService
beforeAll(async () => {
  service = await startAdminService()
})
afterAll(() => service.close())

describe('a trailing slash of the URL of a service', () => {
  it('goes', () => {
    expect(checkServiceAddress('https://a.example/', 'URL')).toBe('https://a.example')
    expect(checkServiceAddress('http://localhost:8787/', 'URL')).toBe('http://localhost:8787')
    expect(() => checkServiceAddress('https://a.example//', 'URL')).toThrow('has a path')
  })

  it.each([
    ['--issuer', ['--issuer', 'URL'], {}],
    ['ROLLCALL_ISSUER', [], { ROLLCALL_ISSUER: 'URL' }],
  ])('is no part of the address of operators’ calls: %s', async (_, args, variables) => {
    const withUrl = (text: string): string => (text === 'URL' ? `${service.url}/` : text)
    const env = Object.entries(variables).map(([name, value]) => [name, withUrl(value)])
    const command = ['admin', 'list', '--key', service.keyFile, ...args.map(withUrl)]
    const run = await service.command.run(command, { env: Object.fromEntries(env) })
    expect(run).toEqual({ status: 0, stdout: 'no instances\n', stderr: '' })
  })

  it.each(['doctor', 'enroll'])('is no part of the address of %s', async (name) => {
    const args = [name, `${service.url}/`, '--metadata-url', 'http://127.0.0.1:1']
    // What fails is the metadata service, not the URL.
    const { status, stdout, stderr } = await service.command.run(args)
    expect(status).toBe(name === 'doctor' ? 1 : 3)
    expect(stdout + stderr).not.toContain('trailing slash')
  })
})
