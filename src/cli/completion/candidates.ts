// What the user can type next. It is read from the program: subcommands, options and arguments.

import type { Argument, Command, Option } from 'commander'
import { takesFile } from '../named-file.ts'

/** One word, and what it means. */
export interface Candidate {
  readonly word: string
  readonly description: string
}

/** What can be typed at the cursor. */
export interface Candidates {
  readonly words: readonly Candidate[]
  /** Whether the path of a file can be typed, too. */
  readonly files: boolean
}

const NONE: Candidates = { words: [], files: false }

/** Bash splits a word at `=`; this puts it together again. */
const joined = (words: readonly string[]): string[] => {
  const whole: string[] = []
  for (const [at, word] of words.entries()) {
    const continues = word === '=' || words[at - 1] === '='
    if (continues && whole.at(-1)?.startsWith('--')) whole.push(`${whole.pop()}${word}`)
    else whole.push(word)
  }
  return whole
}

const choices = (values: readonly string[], description: string): Candidates => ({
  words: values.map((word) => ({ word, description })),
  files: false,
})

const ofArgument = (argument: Argument | undefined): Candidates => {
  if (argument === undefined) return NONE
  return { ...choices(argument.argChoices ?? [], argument.description), files: takesFile(argument) }
}

const ofOption = ({ argChoices = [], flags, description }: Option): Candidates => ({
  ...choices(argChoices, description),
  files: flags.endsWith('<file>'),
})

const optionNamed = (command: Command, word: string): Option | undefined => {
  const [name] = word.split('=')
  return command.options.find(({ long, short }) => long === name || short === name)
}

/**
 * The subcommand that the words name, how many arguments follow it, and the option that still lacks
 * its value.
 */
const readWords = (program: Command, words: readonly string[]) => {
  let command = program
  let count = 0
  let open: Option | undefined
  for (const word of words) {
    if (open !== undefined) open = undefined
    else if (word.startsWith('-')) {
      const option = optionNamed(command, word)
      open = option?.required && !word.includes('=') ? option : undefined
    } else {
      const subcommand = command.commands.find((it) => it.name() === word)
      if (subcommand === undefined) count++
      else command = subcommand
    }
  }
  return { command, count, open }
}

/** What can follow if no option lacks a value. */
const ofCommand = (command: Command, count: number, typed: string): Candidates => {
  const help = command.createHelp()
  if (typed.startsWith('-')) {
    const words = help
      .visibleOptions(command)
      .flatMap(({ long, description }) =>
        long === undefined || long === null ? [] : [{ word: long, description }],
      )
    return { words, files: false }
  }
  if (command.commands.length > 0) {
    const words = help
      .visibleCommands(command)
      .map((it) => ({ word: it.name(), description: it.description() }))
    return { words, files: false }
  }
  const { registeredArguments: all } = command
  const last = all.at(-1)
  return ofArgument(all[count] ?? (last?.variadic ? last : undefined))
}

/**
 * Lists what can be typed next.
 * @param words the words after the program's name; the last one, which may be empty, is the one to
 * complete
 */
export const candidatesOf = (program: Command, words: readonly string[]): Candidates => {
  const whole = joined(words)
  const typed = whole.pop() ?? ''
  const { command, count, open } = readWords(program, whole)
  const [, value] = /^--[^=]+=(.*)$/.exec(typed) ?? []
  const option = value === undefined ? open : optionNamed(command, typed)
  const prefix = value ?? typed
  const found = option === undefined ? ofCommand(command, count, typed) : ofOption(option)
  return { ...found, words: found.words.filter(({ word }) => word.startsWith(prefix)) }
}
