/** A running server, whichever it is. */
export interface TestServer extends AsyncDisposable {
  /** `host:port`, or the path of the Unix socket: what a client takes as its server. */
  readonly name: string
  /** TCP port; 0 on a Unix socket. */
  readonly port: number
  /** Closes all connections and stops listening. */
  stop(): Promise<void>
}
