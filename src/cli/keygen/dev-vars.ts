// `rollcall keygen --dev-vars FILE`: a line of a file of variables, which `wrangler dev` reads.

import { existsSync } from 'node:fs'
import { CommandError, usageError } from '../command-error.ts'
import { readNamedFile, requireFile } from '../named-file.ts'
import { inFolder } from '../run.ts'
import { OWNER_ONLY, cannotWrite, changeSecret, writeNewSecret } from '../secret-file.ts'

/** The variable with the signing keys of a service. */
export const VARIABLE = 'ROLLCALL_SIGNING_KEYS'

const COMMENT_OR_EMPTY = /^\s*(?:#|$)/
const ASSIGNMENT = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=/

/** Whether a text begins with a variable. Its value may have several lines, so these are not looked at. */
const isVariables = (text: string): boolean => {
  const first = text.split('\n').find((line) => !COMMENT_OR_EMPTY.test(line))
  return first === undefined || ASSIGNMENT.test(first)
}

const readVariables = async (path: string, file: string): Promise<string> => {
  const text = await readNamedFile(path, '--dev-vars')
  if (!isVariables(text)) {
    throw usageError(`--dev-vars: ${file} is no file of variables, NAME=value; name another file`)
  }
  if (text.includes(`${VARIABLE}=`)) {
    throw usageError(`--dev-vars: ${file} already has ${VARIABLE}; remove that line first`)
  }
  return text
}

/** Checks that the line can be added, before anything is written. @throws CommandError */
export const checkDevVars = async (file: string): Promise<void> => {
  if (!existsSync(inFolder(file))) return
  requireFile(file, '--dev-vars')
  await readVariables(file, file)
}

/** Adds the line. The file is made if it is missing, and then only its owner can read it. @throws CommandError */
export const addToDevVars = async (file: string, json: string): Promise<void> => {
  const line = `${VARIABLE}='${json}'\n`
  try {
    if (!existsSync(inFolder(file))) return writeNewSecret(file, line)
    const change = async (path: string): Promise<string> => {
      const before = await readVariables(path, file)
      return `${before === '' || before.endsWith('\n') ? before : `${before}\n`}${line}`
    }
    await changeSecret(file, change, OWNER_ONLY)
  } catch (error) {
    throw error instanceof CommandError ? error : cannotWrite(error, file, '--dev-vars')
  }
}
