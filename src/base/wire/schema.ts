// The TypeScript types of JSON that a schema describes. Schemas are plain data in the subset of JSON Schema
// below, so that one description gives the sender's type, the receiver's type and `openapi.json`. Types only.

/** A schema: the keywords that are used here, and no others. */
export type Schema = {
  readonly description?: string
} & (
  | { readonly type: 'string' }
  | { readonly type: 'boolean' }
  | { readonly type: 'integer'; readonly minimum?: number; readonly maximum?: number }
  /** One of these texts. A newer service may send others. */
  | { readonly enum: readonly string[] }
  | { readonly const: string }
  | { readonly type: 'array'; readonly items: Schema }
  | {
      readonly type: 'object'
      readonly properties: Readonly<Record<string, Schema>>
      /** The members that are always there; the others may be absent. */
      readonly required: readonly string[]
    }
  /** The schema of that name, `#/components/schemas/NAME` as in an OpenAPI document. */
  | { readonly $ref: string }
)

/** Schemas by name. */
export type Schemas = Readonly<Record<string, Schema>>

type Flat<Type> = { readonly [Name in keyof Type]: Type[Name] }

type Optional<Members, Required extends string> = Exclude<keyof Members, Required>

/** What the keywords of every scalar and list say; `Texts` is the type of `enum` and `const`. */
type Valued<It, Named, Texts, Side extends 'sent' | 'received'> = It extends {
  $ref: `#/components/schemas/${infer Name}`
}
  ? Name extends keyof Named
    ? Typed<Named[Name], Named, Side>
    : never
  : It extends { enum: readonly string[] } | { const: string }
    ? Texts
    : It extends { type: 'array'; items: infer Item }
      ? readonly Typed<Item, Named, Side>[]
      : It extends { type: 'string' }
        ? string
        : It extends { type: 'integer' }
          ? number
          : It extends { type: 'boolean' }
            ? boolean
            : never

type TextsOf<It> = It extends { enum: readonly (infer Text)[] }
  ? Text
  : It extends { const: infer Text }
    ? Text
    : never

type Typed<It, Named, Side extends 'sent' | 'received'> = It extends {
  type: 'object'
  properties: infer Members
  required: readonly (infer Required extends string)[]
}
  ? Flat<
      {
        [Name in keyof Members & Required]: Typed<Members[Name], Named, Side>
      } & {
        [Name in Optional<Members, Required>]?: Typed<Members[Name], Named, Side> | undefined
      } & (Side extends 'received' ? { [name: string]: unknown } : unknown)
    >
  : Valued<It, Named, Side extends 'sent' ? TextsOf<It> : string, Side>

/** What a sender may write: the members that are described, and the texts that `enum` lists. */
export type Sent<It, Named> = Typed<It, Named, 'sent'>

/** What a receiver may rely on: other members may be there, and an `enum` may have other texts. */
export type Received<It, Named> = Typed<It, Named, 'received'>
