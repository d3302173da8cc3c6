// The arguments of `npm run storm`.

import { Command, InvalidArgumentError, Option } from 'commander'

/** What can be made to fail while the instances boot. */
export const FAULTS = ['kill', 'pause', 'rotate'] as const

/** See {@link FAULTS}. */
export type Fault = (typeof FAULTS)[number]

/** How a storm is run. */
export interface StormOptions {
  /** All instances, honest and dishonest. */
  readonly instances: number
  /** They boot within this time, in seconds, evenly spread at random. */
  readonly seconds: number
  /** Processes of the service. */
  readonly services: number
  /** Draws the instances, their start times and the lost answers. */
  readonly seed: number
  /** The faults that happen. */
  readonly faults: readonly Fault[]
  /** Percent of the instances that are dishonest. */
  readonly dishonestPercent: number
  /** Percent of the calls whose answer does not arrive. */
  readonly lostPercent: number
}

/** The same, and where the result goes. */
export interface StormArguments extends StormOptions {
  /** A file for the result as JSON. */
  readonly json?: string
  /** A file for the plot, SVG. */
  readonly plot?: string
}

/**
 * Instances that boot in a second, unless `--seconds` says otherwise: 100,000 in 11 minutes. Two processors, which the
 * clients share with the service, are busy with it and not full.
 */
const DEFAULT_RATE = 150

const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }

const faultList = (text: string): readonly Fault[] => {
  if (text === 'none') return []
  const names = text.split(',')
  const unknown = names.find((name) => !(FAULTS as readonly string[]).includes(name))
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`Expected none, or a list of ${FAULTS.join(', ')}.`)
  }
  return names as Fault[]
}

const EXAMPLES = `
Examples:
  npm run storm -- --instances 2000 --seconds 15
  npm run storm -- --instances 100000 --json storm.json --plot storm.svg
  npm run storm -- --instances 100000 --faults none      memory of processes that nobody restarts

Faults:
  kill      a process of the service is killed (SIGKILL) and replaced after two seconds
  pause     Redis is stopped for five seconds (SIGSTOP)
  rotate    the signing keys are rotated: stage, restart all, promote, restart all

It needs redis-server and redis-cli. The exit status is 1 if a check fails.`

/**
 * Reads the arguments.
 * @param write takes the help, and what is wrong with an argument
 * @throws CommanderError after either of them; its `exitCode` is the status to end with
 */
export const readArguments = (
  argv: readonly string[],
  write: (text: string) => void,
): StormArguments => {
  const command = new Command('npm run storm --')
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write })
    .description('Boots emulated instances against several service processes on one Redis.')
    .option('--instances <n>', 'how many boot', wholeNumber(20, 1_000_000), 2000)
    .option(
      '--seconds <n>',
      `within how long they boot (default: instances / ${DEFAULT_RATE}, at least 15)`,
      wholeNumber(1, 86_400),
    )
    .option('--services <n>', 'processes of the service', wholeNumber(1, 32), 3)
    .option(
      '--seed <n>',
      'draws instances, start times, losses (default: a random one, which is printed)',
      wholeNumber(0, 4_294_967_295),
    )
    .addOption(
      new Option('--faults <list>', 'none, or a list with commas')
        .default([...FAULTS], FAULTS.join(','))
        .argParser(faultList),
    )
    .option('--dishonest <percent>', 'instances that are dishonest', wholeNumber(0, 90), 10)
    .option('--lost <percent>', 'calls whose answer is lost', wholeNumber(0, 50), 2)
    .option('--json <file>', 'write the result as JSON')
    .option('--plot <file>', 'write a plot of the latency over time, SVG')
    .addHelpText('after', EXAMPLES)
    .parse(argv, { from: 'user' })
  const given = command.opts<{
    instances: number
    seconds?: number
    services: number
    seed?: number
    faults: readonly Fault[]
    dishonest: number
    lost: number
    json?: string
    plot?: string
  }>()
  const { instances, services, faults, dishonest, lost, json, plot } = given
  return {
    instances,
    seconds: given.seconds ?? Math.max(15, Math.ceil(instances / DEFAULT_RATE)),
    services,
    seed: given.seed ?? Math.floor(Math.random() * 1_000_000),
    faults,
    dishonestPercent: dishonest,
    lostPercent: lost,
    ...(json !== undefined && { json }),
    ...(plot !== undefined && { plot }),
  }
}
