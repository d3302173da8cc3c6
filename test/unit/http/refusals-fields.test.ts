// Fields that the service must refuse, in each encoding of a body. Each case starts from a request that
// is accepted and changes one thing.

import { beforeAll, describe, it } from 'vitest'
import { FORM, INVALID, enrolled, expectRefused, form } from '../../support/http.ts'
import { type Evidence, type TestService, createTestService } from '../../support/test-service.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }

let service: TestService
let evidence: Evidence

beforeAll(async () => {
  service = await createTestService()
  evidence = await service.evidence()
  for (const [body, headers] of [
    [form(evidence), FORM],
    [JSON.stringify(evidence), JSON_TYPE],
  ] as const) {
    await enrolled(await enroll(body, headers))
  }
})

const enroll = (
  body: RequestInit['body'] & {},
  headers: Record<string, string> = FORM,
  path = '/v1/enroll',
): Promise<Response> => service.request(path, { method: 'POST', headers, body })

describe('createApp() refuses a field', () => {
  const json = (): string => JSON.stringify(evidence)
  const multipart = (...more: readonly (readonly [string, string])[]): FormData => {
    const body = new FormData()
    for (const [name, value] of [...Object.entries(evidence), ...more]) body.append(name, value)
    return body
  }

  it('that is repeated in a URL-encoded form', async () => {
    const again = `&document=${encodeURIComponent(evidence.document)}`
    await expectRefused(service, await enroll(form(evidence) + again), INVALID('field_repeated'))
  })
  it('that is repeated in a URL-encoded form, by escape', async () => {
    const again = `&d%6fcument=${encodeURIComponent(evidence.document)}`
    await expectRefused(service, await enroll(form(evidence) + again), INVALID('field_repeated'))
  })
  it('that is repeated in a multipart form', async () => {
    const body = multipart(['document', evidence.document])
    await expectRefused(service, await enroll(body, {}), INVALID('field_repeated'))
  })
  it('that is repeated in a multipart form, as a file', async () => {
    const body = multipart()
    body.append('document', new Blob([evidence.document]), 'document')
    await expectRefused(service, await enroll(body, {}), INVALID('field_repeated'))
  })
  it.each(['"document"', String.raw`"d\u006fcument"`])(
    'that is repeated in JSON, as %s',
    async (name) => {
      await enrolled(await enroll(json(), JSON_TYPE))
      const body = `${json().slice(0, -1)},${name}:${JSON.stringify(evidence.document)}}`
      await expectRefused(service, await enroll(body, JSON_TYPE), INVALID('field_repeated'))
    },
  )

  it.each(['documents', 'Document', 'dpop_jkt', '__proto__', 'constructor', ''])(
    'that is unknown: %j',
    async (name) => {
      const body = `${form(evidence)}&${encodeURIComponent(name)}=x`
      await expectRefused(service, await enroll(body), INVALID('field_unknown'))
      await expectRefused(
        service,
        await enroll(multipart([name, 'x']), {}),
        INVALID('field_unknown'),
      )
      const text = `${json().slice(0, -1)},${JSON.stringify(name)}:"x"}`
      await expectRefused(service, await enroll(text, JSON_TYPE), INVALID('field_unknown'))
    },
  )

  it.each(['document', 'pkcs7', 'role', 'audience', 'resource'])(
    'that is empty: %s',
    async (name) => {
      const fields = { ...evidence, [name]: '' }
      const refusal = INVALID('field_empty', name)
      await expectRefused(service, await enroll(form(fields)), refusal)
      await expectRefused(service, await enroll(JSON.stringify(fields), JSON_TYPE), refusal)
    },
  )

  it.each(['null', 'true', '1', '[]', '["x"]', '{}'])('that is not a string: %s', async (value) => {
    const body = `${json().slice(0, -1)},"resource":${value}}`
    await expectRefused(service, await enroll(body, JSON_TYPE), INVALID('field_not_text'))
  })

  it.each(['', '[]', '"x"', 'null', '{', '{"document":"x",}', '\uFEFF{}', "{'document':'x'}"])(
    'of a body that is not a JSON object: %j',
    async (body) => {
      await expectRefused(service, await enroll(body, JSON_TYPE), INVALID('body_malformed'))
    },
  )

  it('of JSON that is nested as deep as a body allows', async () => {
    const list = '['.repeat(8_000) + ']'.repeat(8_000)
    await expectRefused(service, await enroll(list, JSON_TYPE), INVALID('body_malformed'))
    const member = await enroll(`{"role":${list}}`, JSON_TYPE)
    await expectRefused(service, member, INVALID('field_not_text'))
  })

  it('of a body that is not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from(json().slice(0, -2)), Uint8Array.of(0xff, 0x22, 0x7d)])
    await expectRefused(service, await enroll(body, JSON_TYPE), INVALID('body_malformed'))
  })

  it.each(['?role=worker', '?document=x', '?x'])(
    'that is in the query, beside a body: %s',
    async (query) => {
      const response = await enroll(form(evidence), FORM, `/v1/enroll${query}`)
      await expectRefused(service, response, INVALID('query_not_allowed'))
      const challenge = await enroll('', FORM, `/v1/challenge${query}`)
      await expectRefused(service, challenge, INVALID('query_not_allowed'))
    },
  )
})
