// The printed AuthenticationConfiguration, read by the YAML library of Kubernetes itself (sigs.k8s.io/yaml, strict): it
// finds the same values as the tests' own reader, whatever an audience contains.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { authenticationConfiguration } from '../../../src/cli/kubernetes/authentication-configuration.ts'
import { parseNodeName } from '../../../src/policy/node-name.ts'
import { parseConfiguration } from '../../support/kubernetes/configuration-problems.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'

const GOPATH = '/usr/share/gocode'
const PACKAGE = 'golang-k8s-sigs-yaml-dev'

/** Reads files that NUL separates; prints one line of JSON for each. */
const PROGRAM = `package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	for _, file := range bytes.Split(input, []byte{0}) {
		json, err := yaml.YAMLToJSONStrict(file)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(json))
	}
}
`

const folder = mkdtempSync(join(tmpdir(), 'rollcall-yaml-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PRINTABLE = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at))
const AUDIENCES = [
  'https://cluster.example',
  ...PRINTABLE,
  ...PRINTABLE.map((character, at) => `a${character}b'${PRINTABLE.at(-1 - at) ?? ''}`),
  'yes',
  'null',
  '~',
  '0x1',
  '1e3',
  '<<',
  '!!str',
  '--',
  '...',
  `x"]||true||["`,
  `\\"`,
  `''`,
]

it('is the same for the YAML library of Kubernetes', { timeout: 120_000 }, (context) => {
  const go = requireTool(context, 'go', 'apt-get install golang-go')
  if (!existsSync(join(GOPATH, 'src/sigs.k8s.io/yaml'))) {
    requireTool(context, PACKAGE, `apt-get install ${PACKAGE}`)
  }
  const node = parseNodeName('{region_id}.{instance_id}')
  if (!node.ok) throw new Error(node.refusal)
  const files = AUDIENCES.map((audience) =>
    authenticationConfiguration({
      issuer: 'https://rollcall.example',
      audience,
      // Names and ids that an unquoted YAML would take for something else.
      roles: ['null', 'yes'],
      accounts: ['0123', '1'],
      node: node.value,
      apiVersion: 'v1',
      anonymousPaths: ['/livez'],
    }),
  )
  writeFileSync(join(folder, 'main.go'), PROGRAM)
  const env = cleanEnvironment({ GOPATH, GO111MODULE: 'off', GOFLAGS: '' })
  const output = execFileSync(go, ['run', 'main.go'], {
    cwd: folder,
    env,
    input: files.join('\0'),
    encoding: 'utf8',
  })
  const lines = output.trimEnd().split('\n')
  expect(lines).toHaveLength(files.length)
  for (const [at, line] of lines.entries()) {
    expect(JSON.parse(line)).toEqual(parseConfiguration(files[at] as string))
  }
})
