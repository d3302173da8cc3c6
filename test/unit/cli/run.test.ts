// A run of the command: what belongs to it stays its own, and it ends in one place.

import { Command } from 'commander'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { optionOrVariable } from '../../../src/cli/option-variable.ts'
import { print } from '../../../src/cli/output.ts'
import { createProgram, runProgram } from '../../../src/cli/program.ts'
import { type Surroundings, inFolder, startRun, thisRun } from '../../../src/cli/run.ts'
import { SYSTEM_TIMING } from '../../../src/base/timing.ts'
import { wholeNumber } from '../../../src/cli/help.ts'

const surround = (more: Partial<Surroundings> = {}) => {
  const written = { stdout: '', stderr: '' }
  let reader: () => void = () => undefined
  const output = (name: 'stdout' | 'stderr') => ({
    write: (data: string | Uint8Array) => void (written[name] += String(data)),
    once: (_: 'error', listener: () => void) => void (reader = listener),
  })
  const signals = new EventEmitter()
  const surroundings: Surroundings = {
    stdin: () => Readable.from([]),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {},
    cwd: '/somewhere',
    signals,
    timing: SYSTEM_TIMING,
    ...more,
  }
  return { surroundings, written, signals, leave: () => reader() }
}

const forEver = (): Promise<never> => new Promise(() => undefined)

describe('startRun()', () => {
  it('keeps runs that overlap apart', async () => {
    const [first, second] = [surround({ cwd: '/first' }), surround({ cwd: '/second' })]
    const work = async (): Promise<undefined> => {
      print(inFolder('a'))
      await new Promise((resolve) => setImmediate(resolve))
      print(inFolder('b'), inFolder('/c'))
      return undefined
    }
    await Promise.all([startRun(first.surroundings, work), startRun(second.surroundings, work)])
    expect(first.written.stdout).toBe('/first/a\n/first/b\n/c\n')
    expect(second.written.stdout).toBe('/second/a\n/second/b\n/c\n')
  })

  it('has no run outside of one', () => {
    expect(() => thisRun()).toThrow('within a run')
  })

  it.each([
    ['nothing was said', async () => undefined, 0],
    ['the status was set', async () => void thisRun().exitWith(1), 1],
    ['an error decides', async () => (thisRun().exitWith(1), 5), 5],
  ])('ends with its status where %s', async (_, work, status) => {
    const run = startRun(surround().surroundings, work as () => Promise<number | undefined>)
    expect(await run).toEqual({ status, cut: false })
  })

  it('ends in the middle of its work, and tells whatever goes on by its signal', async () => {
    let signal: AbortSignal | undefined
    const { surroundings, signals } = surround()
    const ending = startRun(surroundings, () => {
      const run = thisRun()
      signal = run.signal
      run.onSignal('SIGTERM', () => run.end(130))
      return forEver()
    })
    expect(signal?.aborted).toBe(false)
    signals.emit('SIGTERM')
    expect(await ending).toEqual({ status: 130, cut: true })
    expect(signal?.aborted).toBe(true)
  })

  it('listens to the first signal alone, and to none once it has ended', async () => {
    const { surroundings, signals } = surround()
    let heard = 0
    let done: () => void = () => undefined
    const ending = startRun(surroundings, async () => {
      thisRun().onSignal('SIGINT', () => heard++)
      thisRun().onSignal('SIGHUP', () => heard++)
      await new Promise<void>((resolve) => (done = resolve))
      return undefined
    })
    signals.emit('SIGINT')
    signals.emit('SIGINT')
    done()
    await ending
    expect(heard).toBe(1)
    expect(signals.eventNames()).toEqual([])
  })

  it('passes on what its work throws', async () => {
    const work = (): Promise<never> => Promise.reject(new Error('odd'))
    await expect(startRun(surround().surroundings, work)).rejects.toThrow('odd')
  })
})

describe('runProgram()', () => {
  const programWith = (action: () => Promise<void>): Command => {
    const program = createProgram('it')
    program.command('go').action(action)
    return program
  }

  it('ends with 6 when the reader of its output has gone away', async () => {
    const { surroundings, leave } = surround()
    const ending = runProgram(programWith(forEver), ['go'], surroundings)
    leave()
    expect(await ending).toEqual({ status: 6, cut: true })
  })

  it('tells an error that nobody expects without its secrets, and ends with 6', async () => {
    const token = `${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`
    const { surroundings, written } = surround()
    const program = programWith(() => Promise.reject(new Error(`odd ${token}`)))
    expect(await runProgram(program, ['go'], surroundings)).toMatchObject({ status: 6 })
    expect(written).toEqual({ stdout: '', stderr: 'rollcall: unexpected: Error: odd [a token]\n' })
  })
})

describe('optionOrVariable()', () => {
  const run = async (args: readonly string[], env: Record<string, string>) => {
    const seen: unknown[] = []
    const program = createProgram('it')
    program
      .command('go')
      .addOption(optionOrVariable('--name <text>', 'a name', 'NAME'))
      .addOption(
        optionOrVariable('--count <n>', 'a number', 'COUNT')
          .argParser(wholeNumber(1, 9))
          .default(3),
      )
      .action((options) => void seen.push(options))
    const { surroundings, written } = surround({ env })
    const { status } = await runProgram(program, ['go', ...args], surroundings)
    return { status, options: seen[0], ...written }
  }

  it.each([
    [[], {}, { count: 3 }],
    [[], { NAME: 'a', COUNT: '4' }, { name: 'a', count: 4 }],
    [['--name', 'b', '--count', '3'], { NAME: 'a', COUNT: '4' }, { name: 'b', count: 3 }],
    [['--name', 'b'], { COUNT: '4' }, { name: 'b', count: 4 }],
    [[], { NAME: '' }, { name: '', count: 3 }],
    // What the option says is read alone.
    [['--count', '5'], { COUNT: 'x' }, { count: 5 }],
  ])('reads %j with %j', async (args, env, options) => {
    expect(await run(args, env as Record<string, string>)).toMatchObject({ status: 0, options })
  })

  it('refuses a variable as it would refuse the option, and names it', async () => {
    const { status, options, stderr } = await run([], { COUNT: '10' })
    expect({ status, options }).toEqual({ status: 2, options: undefined })
    expect(stderr).toContain("option '--count <n>' value '10' from env 'COUNT' is invalid")
    expect(stderr).toContain('Expected a whole number from 1 to 9.')
  })

  it('names the variable in the help', async () => {
    const { stdout } = await run(['--help'], {})
    expect(stdout).toMatch(/--name <text>\s+a name \(env: NAME\)/)
    expect(stdout).toMatch(/--count <n>\s+a number \(env: COUNT\) \(default: 3\)/)
  })
})
