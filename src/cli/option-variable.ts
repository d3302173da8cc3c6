// Options that an environment variable can give as well. The option on the command line wins.

import { type Command, InvalidArgumentError, Option } from 'commander'

const VARIABLES = new WeakMap<Option, string>()

/** An option whose value can also come from an environment variable, which its help names. */
export const optionOrVariable = (flags: string, description: string, variable: string): Option => {
  const option = new Option(flags, `${description} (env: ${variable})`)
  VARIABLES.set(option, variable)
  return option
}

const parse = (command: Command, option: Option, variable: string, text: string): unknown => {
  if (option.parseArg === undefined) return text
  try {
    return option.parseArg(text, undefined)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    const { message, exitCode, code } = error
    const what = `option '${option.flags}' value '${text}' from env '${variable}'`
    return command.error(`${what} is invalid. ${message}`, { exitCode, code })
  }
}

/** Fills in the options of a command that were not typed and whose variable is set. */
export const readOptionVariables = (
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
): void => {
  for (const option of command.options) {
    const variable = VARIABLES.get(option)
    const text = variable === undefined ? undefined : env[variable]
    const name = option.attributeName()
    if (variable === undefined || text === undefined) continue
    if (command.getOptionValueSource(name) === 'cli') continue
    command.setOptionValueWithSource(name, parse(command, option, variable, text), 'env')
  }
}
