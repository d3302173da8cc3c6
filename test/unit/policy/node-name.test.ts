// Names of Kubernetes nodes: which templates are read, and which name each gives.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../src/base/result.ts'
import { ECS_FIELD_NAMES } from '../../../src/policy/fields.ts'
import {
  DEFAULT_NODE_NAME_TEMPLATE,
  MAX_NODE_NAME_LENGTH,
  type NodeNameTemplate,
  nodeName,
  parseNodeName,
} from '../../../src/policy/node-name.ts'

const ECS = {
  owner_account_id: '1234567890123456',
  instance_id: 'i-bp13znx0m0me8cquu1vx',
  region_id: 'cn-hangzhou',
  zone_id: 'cn-hangzhou-i',
  instance_type: 'ecs.g6e.large',
  image_id: 'aliyun_3_x64_20G.vhd',
  private_ipv4: '10.0.1.2',
  mac: '00:16:3e:01:02:03',
  serial_number: 'A1B2-c3',
}

const read = (template: string): NodeNameTemplate => {
  const parsed = parseNodeName(template)
  if (!parsed.ok) throw new Error(parsed.refusal)
  return parsed.value
}

describe('parseNodeName()', () => {
  it('splits a template into text and fields', () => {
    expect(parseNodeName('node-{region_id}.{instance_id}')).toEqual(
      accept({
        template: 'node-{region_id}.{instance_id}',
        parts: [{ text: 'node-' }, { field: 'region_id' }, { text: '.' }, { field: 'instance_id' }],
      }),
    )
  })

  it.each([
    ['', 'the name must tell instances apart; add {instance_id}'],
    ['{region_id}', 'the name must tell instances apart; add {instance_id}'],
    ['instance_id', 'the name must tell instances apart; add {instance_id}'],
    ['{private_ipv4}', 'the cloud gives an address to another instance later; add {instance_id}'],
    [
      'ip-{private_ipv4}.{region_id}',
      'the cloud gives an address to another instance later; add {instance_id}',
    ],
    ['{mac}.{instance_id}', '{mac} contains colons, which a node name cannot have; remove it'],
    ['{region_id}{instance_id}', 'two fields touch; write "." or "-" between them'],
    ['{instance_id}{instance_id}', 'two fields touch; write "." or "-" between them'],
  ])('refuses %j: %s', (template, message) => {
    expect(parseNodeName(template)).toEqual(refuse(message))
  })

  it.each([
    '{role}.{instance_id}',
    '{groups}.{instance_id}',
    '{sub}.{instance_id}',
    '{}.{instance_id}',
    '{instanceId}.{instance_id}',
    '{INSTANCE_ID}.{instance_id}',
    '{ instance_id }.{instance_id}',
    '{constructor}.{instance_id}',
    '{__proto__}.{instance_id}',
    '{ecs.region_id}.{instance_id}',
  ])('refuses %j: the cloud attests no such field', (template) => {
    const { refusal } = parseNodeName(template) as { refusal: string }
    expect(refusal).toContain('is not an attested field; use owner_account_id, instance_id,')
  })

  it.each(['{{instance_id}}', '{instance_id', 'instance_id}', '{instance_id}}', '{{instance_id}'])(
    'refuses %j: a brace has no partner',
    (template) => {
      expect(parseNodeName(template)).toEqual(
        refuse('a brace has no partner; write a field as {instance_id}'),
      )
    },
  )

  it.each([
    '.{instance_id}',
    '{instance_id}.',
    '-{instance_id}',
    '{instance_id}-',
    '{region_id}..{instance_id}',
    '{region_id}.-{instance_id}',
    'Node-{instance_id}',
    'node_{instance_id}',
    'node {instance_id}',
    '{instance_id}\n',
    '{instance_id}"',
    'system:{instance_id}',
    'node/{instance_id}',
    '\u212a-{instance_id}',
    'node-*.{instance_id}',
    `${'a'.repeat(63)}{instance_id}`,
    `${'a.'.repeat(127)}{instance_id}`,
  ])('refuses %j, which gives no name of RFC 1123', (template) => {
    const { refusal } = parseNodeName(template) as { refusal: string }
    expect(refusal).toContain('it gives no name of RFC 1123')
  })
})

describe('nodeName()', () => {
  it.each([
    [DEFAULT_NODE_NAME_TEMPLATE, 'cn-hangzhou.i-bp13znx0m0me8cquu1vx'],
    ['{instance_id}', 'i-bp13znx0m0me8cquu1vx'],
    ['{region_id}-{instance_id}', 'cn-hangzhou-i-bp13znx0m0me8cquu1vx'],
    ['prod.{zone_id}.{instance_id}.example', 'prod.cn-hangzhou-i.i-bp13znx0m0me8cquu1vx.example'],
    ['{owner_account_id}.{instance_id}', '1234567890123456.i-bp13znx0m0me8cquu1vx'],
    ['{instance_type}.{instance_id}', 'ecs.g6e.large.i-bp13znx0m0me8cquu1vx'],
    ['{private_ipv4}.{instance_id}', '10.0.1.2.i-bp13znx0m0me8cquu1vx'],
    ['{instance_id}.{instance_id}', 'i-bp13znx0m0me8cquu1vx.i-bp13znx0m0me8cquu1vx'],
    ['{instance_id}.{serial_number}', 'i-bp13znx0m0me8cquu1vx.a1b2-c3'],
  ])('makes of %s: %s', (template, name) => {
    expect(nodeName(read(template), ECS)).toEqual(accept(name))
  })

  it.each([
    ['{image_id}.{instance_id}', {}, '"aliyun_3_x64_20g.vhd.i-bp13znx0m0me8cquu1vx"'],
    ['{zone_id}.{instance_id}', { zone_id: 'cn-' }, '"cn-.i-bp13znx0m0me8cquu1vx"'],
    ['{zone_id}.{instance_id}', { zone_id: '' }, '".i-bp13znx0m0me8cquu1vx"'],
    ['{instance_id}', { instance_id: 'i-A' }, '"i-A"'],
    ['{instance_id}', { instance_id: 'i-a\nb' }, '"i-a\nb"'],
    ['{instance_id}.{serial_number}', { serial_number: '\u212a' }, 'i-bp13znx0m0me8cquu1vx.\u212a'],
    ['{instance_id}', { instance_id: 'a'.repeat(64) }, 'aaa'],
    ['n-{instance_id}', { instance_id: 'a'.repeat(62) }, 'aaa'],
  ])('refuses a name of %s with %j', (template, change, name) => {
    const { refusal } = nodeName(read(template), { ...ECS, ...change }) as { refusal: string }
    expect(refusal).toContain(`${template} gives `)
    expect(refusal).toContain(name)
    expect(refusal).toContain('which is not a name of RFC 1123')
  })

  it('accepts a label of 63 and a name of 253 characters, and none longer', () => {
    const instance = { ...ECS, instance_id: 'a'.repeat(63) }
    expect(nodeName(read('{instance_id}'), instance)).toEqual(accept('a'.repeat(63)))
    const three = '{instance_id}.{instance_id}.{instance_id}'
    const longest = read(`${three}.${'b'.repeat(61)}`)
    expect(nodeName(longest, instance)).toEqual(
      accept(expect.stringMatching(new RegExp(`^.{${MAX_NODE_NAME_LENGTH}}$`))),
    )
    expect(nodeName(read(`${three}.${'b'.repeat(62)}`), instance)).toHaveProperty('ok', false)
  })
})

describe('names of nodes', () => {
  /** Templates with any fields and separators; most of them are read. */
  const template = fc
    .array(
      fc.tuple(
        fc.constantFrom(...ECS_FIELD_NAMES),
        fc.constantFrom('.', '-', '.node-', '', '_', 'A.'),
      ),
      { maxLength: 3 },
    )
    .map((fields) => `${fields.map(([field, text]) => `{${field}}${text}`).join('')}{instance_id}`)

  const instance = fc.record({
    owner_account_id: fc.stringMatching(/^[0-9]{1,20}$/),
    instance_id: fc.stringMatching(/^[a-z]{1,4}-[a-z0-9]{1,40}$/),
    region_id: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
    zone_id: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
    instance_type: fc.stringMatching(/^[a-z0-9.-]{1,48}$/),
    image_id: fc.stringMatching(/^[A-Za-z0-9._-]{1,96}$/),
    private_ipv4: fc.ipV4(),
    mac: fc.constant(ECS.mac),
    serial_number: fc.stringMatching(/^[A-Za-z0-9-]{1,48}$/),
  })

  it('are names of RFC 1123, or refused', () => {
    const outcomes = { named: 0, refused: 0 }
    fc.assert(
      fc.property(template, instance, (text, ecs) => {
        const parsed = parseNodeName(text)
        const named = parsed.ok ? nodeName(parsed.value, ecs) : parsed
        outcomes[named.ok ? 'named' : 'refused']++
        if (!named.ok) return
        expect(named.value.length).toBeLessThanOrEqual(253)
        for (const label of named.value.split('.')) {
          expect(label).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
          expect(label.length).toBeLessThanOrEqual(63)
        }
      }),
      { numRuns: 500 },
    )
    expect(outcomes.named).toBeGreaterThan(50)
    expect(outcomes.refused).toBeGreaterThan(50)
  })

  it('differ for two instances of the same account, however the rest of their fields differ', () => {
    const ids = fc.uniqueArray(fc.stringMatching(/^i-[a-z0-9]{20}$/), {
      minLength: 2,
      maxLength: 2,
    })
    fc.assert(
      fc.property(template, fc.tuple(instance, instance), ids, (text, [one, other], [a, b]) => {
        const parsed = parseNodeName(text)
        if (!parsed.ok) return
        const first = nodeName(parsed.value, { ...one, instance_id: a as string })
        const second = nodeName(parsed.value, { ...other, instance_id: b as string })
        if (first.ok && second.ok) expect(first.value).not.toBe(second.value)
      }),
      { numRuns: 500 },
    )
  })
})
