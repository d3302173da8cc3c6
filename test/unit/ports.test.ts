// No test listens on a port that was chosen when it was written: two runs on one machine would meet there.

import { describe, expect, it } from 'vitest'
import { keptFiles, readProjectFile } from '../support/sources.ts'

/** How a port is written down: in a call, a setting, an argument or a URL. */
const LITERAL_PORTS = [
  /\.listen\( ?[1-9]/,
  /(?<![a-z])port['"]?( ?[:=] ?|', ')['"[]?[1-9]\d*\b(?!\d*\.)/i,
  /(127\.0\.0\.1|localhost|\[::1?\]|0\.0\.0\.0):[1-9]/,
]

/** Lines that name a port and listen on none, or where no other program is. */
const EXCEPTIONS: readonly (readonly [path: string, text: string, reason: string])[] = [
  ['system/metadata/at-link-local.ts', 'port: 80', 'in a network namespace of its own'],
  ['system/functions/container.test.ts', "PORT: '8787'", 'the image sets it, and it is read only'],
  ['system/functions/s-yaml.test.ts', 'port: 9000', 'a file sets it, and it is read only'],
  ['system/functions/fc.test.ts', 'DEFAULT_PORT = 9000', 'replaced before the server listens'],
  ['system/functions/serving.test.ts', 'http://127.0.0.1:80', 'a text that is formatted'],
  ['system/functions/serving.test.ts', 'http://localhost:80', 'a text that is formatted'],
  ['system/functions/serving.test.ts', 'http://[::1]:80', 'a text that is formatted'],
  ['system/functions/serving.test.ts', 'port: 80', 'a text that is formatted'],
  ['system/functions/serving.test.ts', 'port: 8787', 'a text that is formatted'],
  ['system/cli/full-disk.test.ts', 'http://127.0.0.1:1', 'nobody answers: it is to fail'],
  ['system/cli/probe/hostile.test.ts', 'http://127.0.0.1:1', 'nobody answers: it is to fail'],
  ['system/cli/probe/probe.test.ts', 'http://127.0.0.1:1', 'nobody answers: it is to fail'],
  ['system/kubernetes/user-data.test.ts', 'http://127.0.0.1:1', 'nobody answers: it is to fail'],
  ['system/package.test.ts', 'redis://127.0.0.1:1', 'nothing connects: the client is missing'],
  ['system/package.test.ts', 'registry=http://127.0.0.1:1/', 'npm is to find no registry'],
  [
    'support/whole-job.ts',
    'http://localhost:8787',
    'a name: the service is asked in its own process',
  ],
  ['system/functions/node-answers.test.ts', '[::1]:8080', 'a Host header: no server has this port'],
  ['support/answer-situations.ts', 'http://127.0.0.1:9/', 'never asked: no redirect is followed'],
  [
    'system/bootstrap/bootstrap-metadata.test.ts',
    'http://127.0.0.1:9',
    'never asked: it is refused',
  ],
  ['system/package.test.ts', "'--//127.0.0.1:1/:_authToken", 'npm is to find no registry'],
  [
    'system/cli/proxy.test.ts',
    "'::127.0.0.1:1'",
    'nobody listens: only the way that curl takes counts',
  ],
  ['system/client/no-answer.test.ts', 'http://localhost:1', 'fetch itself refuses that port'],
  [
    'system/metadata/third-parties.test.ts',
    'http://localhost:8787',
    'a name: nobody listens there',
  ],
  [
    'system/bootstrap/bootstrap-tls.test.ts',
    '@127.0.0.1:9',
    'a text that a stand-in for curl prints',
  ],
  ['support/hostile-answers.ts', 'http://127.0.0.1:9', 'never asked: the test fails if it is'],
  ['system/bootstrap/bootstrap.test.ts', 'http://127.0.0.1:9', 'never asked: it is refused'],
]

const linesWithPorts = (path: string): string[] =>
  readProjectFile(path)
    .split('\n')
    .filter((line) => LITERAL_PORTS.some((pattern) => pattern.test(line)))
    .map((line) => `${path}: ${line.trim()}`)

const isException = (line: string): boolean =>
  EXCEPTIONS.some(([path, text]) => line.startsWith(`test/${path}: `) && line.includes(text))

describe('the tests', () => {
  // Those in test/unit/ listen on nothing but port 0: they read and write texts with ports in them.
  const found = keptFiles()
    .filter((path) => /^test\/(cases|long|support|system)\/.*\.(m?[jt]s|py|toml)$/.test(path))
    .flatMap(linesWithPorts)

  it('listen on port 0, or on one that reservePort() gives', () => {
    expect(found.filter((line) => !isException(line))).toEqual([])
  })

  it('need every exception', () => {
    const unused = EXCEPTIONS.filter(
      ([path, text]) =>
        !found.some((line) => line.startsWith(`test/${path}: `) && line.includes(text)),
    )
    expect(unused).toEqual([])
  })

  it.each(['server.listen(8080)', "PORT: '8787'", "'--port', '9000'", 'http://localhost:8787'])(
    'write no port in a way that this test misses: %s',
    (line) => {
      expect(LITERAL_PORTS.some((pattern) => pattern.test(line))).toBe(true)
    },
  )

  it('in test/unit/ listen on port 0 alone', () => {
    const units = keptFiles().filter((path) => /^test\/unit\/.*\.ts$/.test(path))
    const listening = /\.listen\((?!0\b)/
    const own = 'test/unit/ports.test.ts'
    expect(units.filter((path) => path !== own && listening.test(readProjectFile(path)))).toEqual(
      [],
    )
  })
})
