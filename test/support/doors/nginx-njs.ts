// nginx with njs as a door.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nginxNjs } from '../../../src/cli/recipe/recipes/nginx-njs.ts'
import { reservePort } from '../ports.ts'
import { startProcess } from '../processes.ts'
import { type StartDoor, placeFiles, recipeFiles } from './door.ts'
import { behindDoor } from './http-door.ts'

/** Where Debian has njs. */
export const NJS_MODULE = '/usr/lib/nginx/modules/ngx_http_js_module.so'

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** Starts it. */
export const startNginxNjs: StartDoor = (options, folder) =>
  behindDoor('nginx', async (app) => {
    const port = await reservePort()
    const files = recipeFiles(nginxNjs, options, {
      listen: `127.0.0.1:${port}`,
      upstream: `127.0.0.1:${app.port}`,
      caFile: options.caFile,
    })
    const placed = placeFiles(files, folder, [
      ['/var/cache/nginx/rollcall', join(folder, 'cache')],
      // TLS to clients is nothing of this recipe's.
      [`127.0.0.1:${port} ssl;`, `127.0.0.1:${port};`],
      [/ {2}ssl_certificate(?:_key)? .*\n/, ''],
      ...(options.changes ?? []),
    ])
    // Its workers run as another user, if the tests run as root.
    chmodSync(folder, 0o755)
    const main = join(folder, 'nginx.conf')
    writeFileSync(
      main,
      `load_module ${NJS_MODULE};
daemon off;
pid ${folder}/pid;
error_log stderr warn;
events {}
http {
access_log off;
${TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
include ${placed['app.conf']};
}
`,
    )
    return { port, process: startProcess('nginx', ['-p', folder, '-c', main]) }
  })
