// `npm run dev`: `wrangler dev` on the port that was asked for. Wrangler alone would take the next free port when
// that one is taken, and the issuer, which names the port, would be wrong. All arguments are passed on.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const DEFAULT_PORT = '8787'
/** `localhost` may be either of them; a machine without IPv6 has only the first. */
const ADDRESSES = ['127.0.0.1', '::1']
const SIGNALS = ['SIGINT', 'SIGTERM']

/** The value of `--port N` or `--port=N`, the last one if there are several. */
const portIn = (args) => {
  let port
  for (const [at, arg] of args.entries()) {
    if (arg === '--port') port = args[at + 1] ?? ''
    else if (arg.startsWith('--port=')) port = arg.slice('--port='.length)
  }
  return port
}

/** Whether something listens there already. */
const isTaken = async (host, port) => {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return false
  } catch (error) {
    return error.code === 'EADDRINUSE'
  } finally {
    server.close()
  }
}

const end = (message) => {
  process.stderr.write(`rollcall: ${message}\n`)
  process.exit(2)
}

const args = process.argv.slice(2)
const asked = portIn(args)
const port = asked ?? DEFAULT_PORT
if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) {
  end(`--port: ${JSON.stringify(port)} is not a port; write a number from 1 to 65535`)
}
for (const host of ADDRESSES) {
  if (await isTaken(host, Number(port))) {
    end(
      `port ${port} is taken; choose another with \`npm run dev -- --port N\` and set ROLLCALL_ISSUER to it ` +
        '(http://localhost:N, in .dev.vars)',
    )
  }
}

const wrangler = fileURLToPath(new URL('../bin/wrangler.js', import.meta.resolve('wrangler')))
const given = asked === undefined ? [...args, `--port=${port}`] : args
const child = spawn(process.execPath, [wrangler, 'dev', ...given], { stdio: 'inherit' })
// A terminal sends Ctrl-C to both processes; this one ends when wrangler has ended.
for (const signal of SIGNALS) process.on(signal, () => child.kill(signal))
const [status, signal] = await once(child, 'exit')
process.exitCode = signal === null ? status : 1
