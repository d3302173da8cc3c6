// The app over a scene: requests to it, and the audit events that it made.

import { type AppOptions, createApp } from '../../src/http/app.ts'
import { type AuditEvent, auditLine } from '../../src/http/audit.ts'
import type { EnrollerOptions } from '../../src/enroll/enroller.ts'
import { type Scene, setScene } from '../support/enrollment.ts'

/** The service as a test sees it. */
export interface HttpScene extends Scene {
  readonly app: ReturnType<typeof createApp>
  /** Every audit event so far. */
  readonly events: AuditEvent[]
  /** The same as lines of the log. */
  log(): string
  request(path: string, init?: RequestInit): Promise<Response>
  /** Posts a form. */
  postForm(path: string, fields: Record<string, string>, init?: RequestInit): Promise<Response>
  /** A challenge of this service. */
  challenge(role?: string): Promise<string>
}

/** Sets a scene with the app in front of the enroller. */
export const setHttpScene = async (
  enroller: Partial<EnrollerOptions> = {},
  options: Partial<AppOptions> = {},
): Promise<HttpScene> => {
  const scene = await setScene(enroller)
  const events: AuditEvent[] = []
  const audit = (event: AuditEvent): void => void events.push(event)
  const app = createApp({ enroller: scene.enroller, audit, ...options })
  const request = async (path: string, init: RequestInit = {}): Promise<Response> =>
    app.request(path, init)
  const postForm = (
    path: string,
    fields: Record<string, string>,
    init: RequestInit = {},
  ): Promise<Response> =>
    request(path, { method: 'POST', body: new URLSearchParams(fields), ...init })
  return {
    ...scene,
    app,
    events,
    log: () => events.map(auditLine).join('\n'),
    request,
    postForm,
    async challenge(role) {
      const response = await postForm('/v1/challenge', role === undefined ? {} : { role })
      return ((await response.json()) as { audience: string }).audience
    },
  }
}

/** The members of a problem. */
export const problemOf = async (response: Response): Promise<Record<string, unknown>> => {
  if (response.headers.get('Content-Type') !== 'application/problem+json') {
    throw new Error(`status ${response.status} is not a problem`)
  }
  return (await response.json()) as Record<string, unknown>
}
