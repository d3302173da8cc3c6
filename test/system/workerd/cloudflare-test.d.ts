// What the tests in workerd use of the module that the test pool provides there. Its own types bring
// the globals of Workers along, which would then be in force for every file.

declare module 'cloudflare:test' {
  type Stub = import('@cloudflare/workers-types').DurableObjectStub
  type State = import('@cloudflare/workers-types').DurableObjectState

  /** The bindings of `wrangler.toml`. */
  export const env: { readonly LEDGER: import('@cloudflare/workers-types').DurableObjectNamespace }
  /** Runs a function inside an object. */
  export function runInDurableObject<T>(
    stub: Stub,
    callback: (instance: unknown, state: State) => T | Promise<T>,
  ): Promise<T>
  /** Runs the alarm of an object now. @returns whether one was set */
  export function runDurableObjectAlarm(stub: Stub): Promise<boolean>
}
