// RabbitMQ as a door, without Debian's service: it takes 20 seconds and 200 MB, so no test starts it.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rabbitmq } from '../../../src/cli/recipe/recipes/rabbitmq.ts'
import { reservePort } from '../ports.ts'
import { startProcess, waitUntil } from '../processes.ts'
import { opensConnection } from './amqp.ts'
import { type Door, type DoorOptions, outputOf, placeFiles, recipeFiles } from './door.ts'

const READY_SECONDS = 120

/** The groups with which a token may use everything: what `roles.json` of the recipe gives. */
export const rabbitmqGroups = (audience: string): readonly string[] =>
  ['read', 'write', 'configure'].map((permission) => `${audience}.${permission}:*/*`)

/**
 * Starts it. The answer of `tokenIn` is 200 if a connection was opened, else 401.
 * @param program path of `rabbitmq-server`
 */
export const startRabbitmq = async (
  program: string,
  options: DoorOptions,
  folder: string,
): Promise<Door> => {
  const [port, distribution] = [await reservePort(), await reservePort()]
  const files = recipeFiles(rabbitmq, options, { caFile: options.caFile })
  const placed = placeFiles(files, folder, options.changes)
  const plugins = join(folder, 'plugins')
  writeFileSync(plugins, '[rabbitmq_auth_backend_oauth2].\n')
  const cookie = join(folder, '.erlang.cookie')
  writeFileSync(cookie, 'a-cookie-of-a-test')
  chmodSync(cookie, 0o600)
  const running = startProcess(program, [], {
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `rollcall${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_CONFIG_FILE: placed['rabbitmq.conf'] as string,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
  })
  const said = (): string => outputOf(running)
  try {
    await waitUntil(() => said().includes('completed with'), {
      seconds: READY_SECONDS,
      what: 'RabbitMQ ready',
      alive: () => running.child.exitCode === null,
    })
  } catch (cause) {
    await running.stop()
    throw new Error(`${String(cause)}\n${said()}`, { cause })
  }
  return {
    url: `amqp://127.0.0.1:${port}`,
    async tokenIn(token) {
      const status = (await opensConnection(port, token)) ? 200 : 401
      return { status, text: '' }
    },
    seen: [],
    said,
    stop: async () => void (await running.stop()),
  }
}
