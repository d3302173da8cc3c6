// What is used of the module of Cloudflare Workers. Its package of types would bring the globals of Workers along,
// which would then be in force for every file.

declare module 'cloudflare:workers' {
  /** What a class of Durable Objects extends so that its methods can be called over RPC. */
  export const DurableObject: abstract new (state: unknown, env: unknown) => object
  /** The bindings of the Worker. They can be read before the first request, and used in requests. */
  export const env: Readonly<Record<string, unknown>>
}
