/** Makes errors whose stacks have at most this many frames. */
export function withStackFrames<T>(frames: number, make: () => T): T {
  const { stackTraceLimit } = Error
  // Not an assignment: it would throw where intrinsics are frozen.
  Reflect.set(Error, 'stackTraceLimit', frames)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
