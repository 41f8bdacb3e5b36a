/** A key as dumps and watchers show it. */
export function percentEncode(key: string): string {
  return key.replace(/[^A-Za-z0-9._~-]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
