/** Of the process, as the warnings are. */
const warned = new Set<string>()

/** A warning of the process, `MemcacheWarning`: each message once. */
export function warnOnce(code: string, message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  process.emitWarning(message, { type: 'MemcacheWarning', code })
}
