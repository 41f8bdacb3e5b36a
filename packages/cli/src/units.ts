const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']
const COUNT_UNITS = ['', 'k', 'M', 'G', 'T']

/** `1.5 MB`, in powers of 1024. */
export function bytesText(bytes: number): string {
  return scaled(bytes, 1024, BYTE_UNITS, ' ')
}

/** `12.3k`, in powers of 1000. */
export function countText(count: number): string {
  return scaled(count, 1000, COUNT_UNITS, '')
}

function scaled(value: number, base: number, units: readonly string[], gap: string): string {
  let at = 0
  let rest = value
  while (rest >= base && at < units.length - 1) {
    rest /= base
    at++
  }
  const isWhole = at === 0 ? Number.isInteger(rest) : rest >= 100
  const text = isWhole ? rest.toFixed(0) : rest.toFixed(1)
  return units[at] === '' ? text : `${text}${gap}${units[at]}`
}

const SECONDS: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
  [1, 's'],
]

/** The two largest units: `3d 4h`, `59s`. */
export function secondsText(seconds: number): string {
  if (seconds === Number.POSITIVE_INFINITY) return 'never'
  let rest = Math.round(seconds)
  const parts: string[] = []
  for (const [length, unit] of SECONDS) {
    if (rest >= length || (unit === 's' && parts.length === 0)) {
      parts.push(`${Math.floor(rest / length)}${unit}`)
      rest %= length
    }
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

export function percentText(share: number): string {
  return Number.isNaN(share) ? '-' : `${(share * 100).toFixed(1)}%`
}
