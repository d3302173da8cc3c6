// Why a service gave no answer, or what its answer says in the way of problem details (RFC 9457).

import * as v from 'valibot'
import { printable } from './output.ts'

const codeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}

const CERTIFICATE = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ERR_SSL/

/** Why there was no answer, and whether there may be one next time. */
export interface NoAnswer {
  readonly why: string
  readonly passes: boolean
}

/** What an error of `fetch` means. */
export const noAnswer = (error: unknown, timeoutSeconds: number): NoAnswer => {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { why: `no answer within ${timeoutSeconds} s`, passes: true }
  }
  const cause = (error as { cause?: unknown } | null)?.cause
  const code = codeOf(cause) ?? codeOf((cause as AggregateError | undefined)?.errors?.[0])
  if (code !== undefined && CERTIFICATE.test(code)) {
    return {
      why: `its certificate is not trusted (${code}); for a CA of your own set NODE_EXTRA_CA_CERTS`,
      passes: false,
    }
  }
  return { why: `no answer (${code ?? 'the connection failed'})`, passes: true }
}

const MAX_TITLE = 300

const Problem = v.object({
  title: v.pipe(v.string(), v.maxLength(MAX_TITLE)),
  request_id: v.optional(v.pipe(v.string(), v.maxLength(64))),
})

/** Parses JSON, or gives `undefined`. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What an error answer says, if it says it as rollcall does; nothing else of it is shown. */
export const saidBy = (status: number, text: string): string => {
  const problem = v.safeParse(Problem, parseJson(text))
  if (!problem.success) return `the service answered ${status}`
  const { title, request_id: id } = problem.output
  const request = id === undefined ? '' : `, request ${printable(id)}`
  return `the service answered ${status}${request}: ${printable(title)}`
}
