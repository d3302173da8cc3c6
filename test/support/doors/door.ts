// What all doors share. A door is a real relying party in a process of its own on loopback, started from what
// `rollcall recipe` prints, in front of an app that records what reaches it.

import { mkdirSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, type IncomingMessage, createServer, request } from 'node:http'
import { basename, join } from 'node:path'
import { type TypedOptions, fillRecipe } from '../../../src/cli/recipe/fill.ts'
import type { Recipe, RecipeFile } from '../../../src/cli/recipe/form.ts'
import { startListening } from '../listening.ts'
import { replaceAll } from '../page-fences.ts'
import type { RunningProcess } from '../processes.ts'

/** What a door is started with. */
export interface DoorOptions {
  /** The issuer, `https://HOST:PORT`. */
  readonly issuer: string
  /** The CA of the issuer, a file. */
  readonly caFile: string
  /** The audience that the door demands. */
  readonly audience: string
  /** The role that it admits. Default: `worker`. */
  readonly role?: string
  /** Accounts, regions and other options of the recipe. Default: none. */
  readonly more?: TypedOptions
  /** Texts of the configuration, and what stands there instead; each must be there. */
  readonly changes?: Changes
}

/** Texts, and what stands there instead. */
export type Changes = readonly (readonly [printed: string | RegExp, real: string])[]

/** The answer of a door. */
export interface DoorAnswer {
  readonly status: number
  readonly text: string
}

/** A door that runs. */
export interface Door {
  /** Where clients reach it. */
  readonly url: string
  /** Shows a token, as the clients of this door do. */
  tokenIn(token: string): Promise<DoorAnswer>
  /** What reached the app behind it, in order. */
  readonly seen: readonly IncomingHttpHeaders[]
  /** What it has written so far: why it refused a token. */
  said(): string
  stop(): Promise<void>
}

/** What starts a door: its folder exists, and nothing else is in it. */
export type StartDoor = (options: DoorOptions, folder: string) => Promise<Door>

/** The files of a recipe for a door. The audience of tests is an address, so it names the host, too. */
export const recipeFiles = (
  recipe: Recipe,
  { issuer, audience, role = 'worker', more }: DoorOptions,
  options: TypedOptions,
): readonly RecipeFile[] =>
  recipe.files(fillRecipe(recipe, { issuer, audience, role: [role], ...options, ...more }))

/**
 * Writes files below a folder, whose paths take the place of the absolute ones in all texts.
 * @returns the new paths, by the name of the file
 */
export const placeFiles = (
  files: readonly RecipeFile[],
  folder: string,
  changes: Changes = [],
): Readonly<Record<string, string>> => {
  const places = files.map(({ path }) => [path, join(folder, basename(path))] as const)
  const whole = files.map(({ text }) => text)
  for (const [printed] of changes) {
    // In one of the files: `replaceAll` refuses a text that is not there.
    if (!whole.some((text) => text.split(printed).length > 1)) replaceAll(whole.join('\n'), changes)
  }
  mkdirSync(folder, { recursive: true })
  files.forEach(({ text }, at) => {
    let placed = text
    for (const [printed, real] of [...changes, ...places]) {
      placed = placed.split(printed).join(real)
    }
    writeFileSync(places[at]?.[1] as string, placed)
  })
  return Object.fromEntries(places.map(([, place]) => [basename(place), place]))
}

/** An app that answers everything and records headers. */
export const startApp = async () => {
  const seen: IncomingHttpHeaders[] = []
  const listening = await startListening(
    createServer((request, response) => {
      seen.push(request.headers)
      response.end(`${String(request.headers['x-rollcall-instance'])}\n`)
    }),
  )
  return { ...listening, seen }
}

/** Shows a token as a bearer token, on a connection of its own: a door that is reloaded ends those that wait. */
export const showBearer =
  (url: string) =>
  (token: string): Promise<DoorAnswer> =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${token}` }
      const asked = request(url, { headers, agent: false }, (answer) => {
        readText(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject)
      })
      asked.on('error', reject).end()
    })

const readText = async (answer: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const piece of answer) text += String(piece)
  return text
}

/** All that a process has written. */
export const outputOf = ({ output }: RunningProcess): string => output.stdout + output.stderr
