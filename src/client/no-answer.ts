// Why a call of a service had no answer, told from the error that `fetch` threw.

import { isTimeout } from '../base/timing.ts'

/** Why there was no answer. */
export interface NoAnswer {
  readonly detail: string
  /** Whether there may be one next time. */
  readonly passes: boolean
}

const CERTIFICATE = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ERR_SSL/

const codeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** What an error of `fetch` means. @param timeoutSeconds the limit of the call */
export const noAnswer = (error: unknown, timeoutSeconds: number): NoAnswer => {
  if (isTimeout(error)) return { detail: `no answer within ${timeoutSeconds} s`, passes: true }
  const cause = (error as { cause?: unknown } | null)?.cause
  const code = codeOf(cause) ?? codeOf((cause as AggregateError | undefined)?.errors?.[0])
  if (code !== undefined && CERTIFICATE.test(code)) {
    return {
      detail: `its certificate is not trusted (${code}); for a CA of your own set NODE_EXTRA_CA_CERTS`,
      passes: false,
    }
  }
  return { detail: `no answer (${code ?? 'the connection failed'})`, passes: true }
}
