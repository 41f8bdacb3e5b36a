// So that a build leaves nothing of sources that are gone.
import { rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
