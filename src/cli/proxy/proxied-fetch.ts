// `fetch` for calls of a service, through the proxy of the environment. It is the `fetch` of
// undici: Node's `fetch` accepts no dispatcher of another undici, and supports no proxies before
// version 24. Deno's `fetch` would also send calls to this machine through the proxy.

import type { RequestInit as UndiciInit } from 'undici'
import type { Fetch } from '../../client/index.ts'
import { thisRun } from '../run.ts'
import { platformResponse } from './platform-response.ts'
import { routeTo } from './settings.ts'
import { connectThrough } from './tunnel.ts'

/**
 * The `fetch` for a service. Only this command's calls of the service use it, never those of the metadata service.
 * @param issuer an origin
 * @returns `undefined` if no proxy is configured; use the `fetch` of the platform
 * @throws CommandError for a variable that is not the address of a proxy
 */
export const fetchFor = async (issuer: string): Promise<Fetch | undefined> => {
  const { env, signal } = thisRun()
  const route = routeTo(issuer, env)
  if (route === 'default') return undefined
  const undici = await import('undici')
  const dispatcher = new undici.Agent(
    route === 'direct' ? {} : { connect: connectThrough(undici, route) },
  )
  signal.addEventListener('abort', () => void dispatcher.destroy(), { once: true })
  // The types of what may be in an `init` differ, but not of what this command puts there: texts and parameters.
  return async (url, init) =>
    platformResponse(await undici.fetch(url, { ...init, dispatcher } as UndiciInit))
}
