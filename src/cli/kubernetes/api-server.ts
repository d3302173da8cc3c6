// Calls of the Kubernetes API server: with the service account of a pod, or through `kubectl proxy`. JSON in and out.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromUtf8 } from '../../base/bytes.ts'
import { isLoopback } from '../../base/issuer.ts'
import { limited, readBytes, startTimer } from '../../base/timing.ts'
import { usageError } from '../command-error.ts'
import { platformResponse } from '../proxy/platform-response.ts'
import { inFolder, thisRun } from '../run.ts'
import { AnswerTooLongError, ApiServerError, answerError, noAnswerError } from './api-error.ts'
import { readLines } from './read-lines.ts'
import { parseUrl } from '../../base/url.ts'

/** Where Kubernetes mounts the token and the CA of a pod's service account. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** One way to an API server. */
export interface ApiServer {
  /** Its origin, for messages. */
  readonly origin: string
  /**
   * Makes a call and reads its JSON answer.
   * @throws ApiServerError for every status but 2xx
   */
  call(method: 'GET' | 'PUT', path: string, body?: unknown): Promise<unknown>
  /**
   * Reads an answer of JSON lines as they come; each value is all lines of one piece.
   * @param seconds ends it, if the server does not
   * @throws ApiServerError
   */
  lines(path: string, seconds: number): AsyncGenerator<readonly unknown[], void, undefined>
}

/** Which API server, as options name it. */
export interface ApiServerOptions {
  /** The address of `kubectl proxy`. Absent: the cluster's own, as a pod sees it. */
  readonly apiServer?: string | undefined
  /** Folder with `token` and `ca.crt`. Default: {@link SERVICE_ACCOUNT_FOLDER}. */
  readonly serviceAccount?: string | undefined
  /** Ends `lines()`. A call that was sent is finished, so that its outcome is known. */
  readonly signal: AbortSignal
}

const CALL_SECONDS = 30
/** As a message names a call: without the query. */
const callOf = (method: string, path: string): string => `${method} ${path.replace(/\?.*/, '')}`

/** A page of 100 Nodes with long lists of images has a tenth of this. */
const MAX_ANSWER_BYTES = 33_554_432

/** The address of `kubectl proxy`, which needs no credentials. @throws CommandError */
const readProxyAddress = (text: string): string => {
  const url = parseUrl(text)
  if (url?.protocol === 'http:' && isLoopback(url.hostname) && url.pathname === '/') {
    return url.origin
  }
  throw usageError(
    `--api-server: ${text} is not http on this machine; run kubectl proxy, and give http://127.0.0.1:8001`,
  )
}

/** The address that Kubernetes gives to every pod. @throws CommandError outside of a pod */
const clusterAddress = (): string => {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = thisRun().env
  const address = `https://${host.includes(':') ? `[${host}]` : host}:${port || '443'}`
  const url = host === '' ? undefined : parseUrl(address)
  if (url !== undefined) return url.origin
  throw usageError(
    'KUBERNETES_SERVICE_HOST is not set: run this in a pod, or give --api-server http://127.0.0.1:8001 of kubectl proxy',
  )
}

/** Reads a file of the service account. Kubernetes replaces it, so it is read for each call. @throws CommandError */
const readAccountFile = async (folder: string, name: string): Promise<string> => {
  const path = join(inFolder(folder), name)
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`--service-account: cannot read ${path} (${error.code ?? error.name})`)
  })
  return bytes.toString('utf8').trim()
}

/** The parts of a way: where, with which CA, and the token of each call. */
interface Way {
  readonly origin: string
  readonly ca?: string
  readonly token: () => Promise<string | undefined>
}

const wayTo = async ({ apiServer, serviceAccount }: ApiServerOptions): Promise<Way> => {
  if (apiServer !== undefined) {
    return { origin: readProxyAddress(apiServer), token: () => Promise.resolve(undefined) }
  }
  const folder = serviceAccount ?? SERVICE_ACCOUNT_FOLDER
  const origin = clusterAddress()
  const ca = await readAccountFile(folder, 'ca.crt')
  return { origin, ca, token: () => readAccountFile(folder, 'token') }
}

/**
 * Opens the way to an API server. Nothing is sent yet. Proxies of the environment are not used.
 * @throws CommandError if the options do not name one
 */
export const openApiServer = async (options: ApiServerOptions): Promise<ApiServer> => {
  const { origin, ca, token } = await wayTo(options)
  const { signal: runEnds } = thisRun()
  const undici = await import('undici')
  const dispatcher = new undici.Agent({
    connect: { timeout: 5000, ...(ca !== undefined && { ca }) },
    // `limited()` ends a call; a watch may be silent for longer than undici waits.
    bodyTimeout: 0,
  })
  runEnds.addEventListener('abort', () => void dispatcher.destroy(), { once: true })

  const send = async (
    method: 'GET' | 'PUT',
    path: string,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<Response> => {
    const bearer = await token()
    const headers = {
      accept: 'application/json',
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const init = { method, headers, signal, dispatcher, redirect: 'manual' as const }
    const answer = await undici
      .fetch(
        `${origin}${path}`,
        body === undefined ? init : { ...init, body: JSON.stringify(body) },
      )
      .catch((error: unknown) => {
        throw noAnswerError(origin, error)
      })
    if (answer.ok) return platformResponse(answer)
    await answer.body?.cancel()
    throw answerError(callOf(method, path), answer.status)
  }

  return {
    origin,
    call: (method, path, body) =>
      limited({ seconds: CALL_SECONDS, signal: runEnds }, async (signal) => {
        const answer = await send(method, path, signal, body)
        const bytes = await readBytes(answer.body, MAX_ANSWER_BYTES)
        if (bytes === undefined)
          throw new AnswerTooLongError(callOf(method, path), MAX_ANSWER_BYTES)
        return parseJson(fromUtf8(bytes), origin)
      }).catch((error: unknown) => {
        throw error instanceof ApiServerError ? error : noAnswerError(origin, error)
      }),
    async *lines(path, seconds) {
      options.signal.throwIfAborted()
      const controller = new AbortController()
      const end = (): void => controller.abort()
      options.signal.addEventListener('abort', end, { once: true })
      const takeBack = startTimer(seconds, end)
      try {
        const answer = await send('GET', path, controller.signal)
        for await (const lines of readLines(answer.body)) {
          yield lines.map((line) => parseJson(line, origin))
        }
      } catch (error) {
        throw error instanceof ApiServerError ? error : noAnswerError(origin, error)
      } finally {
        takeBack()
        end()
        options.signal.removeEventListener('abort', end)
      }
    },
  }
}

const parseJson = (text: string | undefined, origin: string): unknown => {
  try {
    return JSON.parse(text ?? '') as unknown
  } catch {
    throw new ApiServerError(`${origin} did not answer with JSON; is it a Kubernetes API server?`)
  }
}
