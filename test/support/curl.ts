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

/** Gets a token. @returns what gets the text of a path, from the first slash on, with that token */
export const curlWithToken = async (
  context: TestContext,
  url: string,
): Promise<(path: string) => Promise<string>> => {
  const ttl = 'X-aliyun-ecs-metadata-token-ttl-seconds: 60'
  const token = await runCurl(context, '-X', 'PUT', '-H', ttl, `${url}/latest/api/token`)
  return (path) => runCurl(context, '-H', `X-aliyun-ecs-metadata-token: ${token}`, url + path)
}
