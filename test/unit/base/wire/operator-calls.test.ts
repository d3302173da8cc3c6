// The rows of operators' calls: complete, and each for an address of its own.

import { describe, expect, it } from 'vitest'
import { OPERATOR_ANSWERS } from '../../../../src/base/wire/operator-answers.ts'
import { OPERATOR_CALLS, type OperatorCall } from '../../../../src/base/wire/operator-calls.ts'
import { OPERATOR_SCHEMAS } from '../../../../src/http/request/schemas.ts'
import { OPERATOR_SCOPES } from '../../../../src/token/operator-keys.ts'

const calls: Readonly<Record<string, OperatorCall>> = OPERATOR_CALLS

describe('OPERATOR_CALLS', () => {
  it.each(Object.entries(calls))('%s is a call that the service can make', (action, call) => {
    expect(action).toMatch(/^[a-z]+(?:_[a-z]+)*$/)
    expect(call.path).toMatch(/^\/v1(?:\/:?[a-z]+)+$/)
    expect(OPERATOR_SCOPES).toContain(call.scope)
    expect(call.summary).toMatch(/^[A-Z].*[^.]$/)
    // A body is read for every other method, and a query with a body is refused.
    const reads = call.method === 'GET' ? call.request : call.query
    expect(reads).toBeUndefined()
    // Only what changes nothing may be made with a key that may only read.
    expect(call.scope === 'read').toBe(call.method === 'GET')
  })

  it('have each method and path once', () => {
    const addresses = Object.values(calls).map(({ method, path }) => `${method} ${path}`)
    expect(new Set(addresses).size).toBe(addresses.length)
  })

  it('use every schema of a request and of an answer', () => {
    const used = Object.values(calls)
    const requests = used.map(({ request }) => request).filter((name) => name !== undefined)
    expect(requests.toSorted()).toEqual(Object.keys(OPERATOR_SCHEMAS).toSorted())
    const answers = new Set<string | undefined>(used.map(({ answer }) => answer))
    const text = JSON.stringify(OPERATOR_ANSWERS)
    for (const name of Object.keys(OPERATOR_ANSWERS)) {
      expect([name, answers.has(name) || text.includes(`schemas/${name}"`)]).toEqual([name, true])
    }
  })
})
