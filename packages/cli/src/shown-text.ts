/** Text of a server on one line of a terminal: no character of it controls the terminal. */
export function shownText(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, '?')
}
