export { Client, type ClientEvents } from './client.ts'
export type { ClientOptions } from './options.ts'
