/** Why a pickle cannot be read. The message completes "value of … with flags … ". */
export class MalformedPickle extends Error {
  override readonly name = 'MalformedPickle'
}

export function tooDeep(maxDepth: number): MalformedPickle {
  return new MalformedPickle(`is a pickle of more than ${maxDepth} levels (option maxDepth)`)
}
