// curl as a person at an instance uses it: a token first, then each path with it.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { requireTool } from './requirements.ts'

const LIMIT_SECONDS = 20

/** Runs curl. @returns its standard output; rejected if it fails, and for statuses from 400 on */
export const runCurl = async (
  context: TestContext,
  ...args: readonly string[]
): Promise<string> => {
  const curl = requireTool(context, 'curl', 'apt-get install curl')
  const all = ['-q', '-fsS', '--noproxy', '*', '--max-time', String(LIMIT_SECONDS), ...args]
  return (await promisify(execFile)(curl, all)).stdout
}

/** What gets paths, from the first slash on, as a person with a token. */
export interface CurlWithToken {
  /** The text of a path. */
  (path: string): Promise<string>
  /** The texts of many paths, by one curl: starting one for each takes longer than the answers. */
  all(paths: readonly string[]): Promise<string[]>
}

/** Stands after each answer, and in none. */
const END = '\n-- end of an answer --\n'

/** Gets a token for 60 seconds. */
export const curlWithToken = async (context: TestContext, url: string): Promise<CurlWithToken> => {
  const ttl = 'X-aliyun-ecs-metadata-token-ttl-seconds: 60'
  const token = await runCurl(context, '-X', 'PUT', '-H', ttl, `${url}/latest/api/token`)
  const header = `X-aliyun-ecs-metadata-token: ${token}`
  const all: CurlWithToken['all'] = async (paths) => {
    if (paths.length === 0) return []
    const urls = paths.map((path) => url + path)
    const printed = await runCurl(context, '--fail-early', '-w', END, '-H', header, ...urls)
    return printed.split(END).slice(0, -1)
  }
  return Object.assign((path: string) => runCurl(context, '-H', header, url + path), { all })
}
