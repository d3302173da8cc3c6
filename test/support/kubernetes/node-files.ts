// The files of `functions/kubernetes`, as tests read them.

import { parse } from 'yaml'
import { readProjectFile } from '../sources.ts'

/** The text of a file. */
export const nodeFile = (name: string): string => readProjectFile(`functions/kubernetes/${name}`)

/** What the user data does. */
export interface NodeUserData {
  readonly files: readonly {
    readonly path: string
    readonly content: string
    /** As text, in octal. */
    readonly permissions?: string
  }[]
  /** Its commands, as one script for `sh`. */
  readonly script: string
}

/** Reads `user-data.yaml`. @param text the file, perhaps with changes */
export const readUserData = (text: string = nodeFile('user-data.yaml')): NodeUserData => {
  const { write_files, runcmd } = parse(text) as {
    readonly write_files: NodeUserData['files']
    readonly runcmd: readonly string[]
  }
  return { files: write_files, script: runcmd.join('\n') }
}
