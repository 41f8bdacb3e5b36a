import { statSync } from 'node:fs'

// Node 20 leaves links in the paths of modules unresolved for as long as the file looked at last was a socket, so that a
// package finds others' versions of what it needs. Tests remove sockets.
statSync('.')
