// Puts the notices of the repository into the package that is being packed.
import { copyFileSync } from 'node:fs'

copyFileSync(new URL('../NOTICE', import.meta.url), 'NOTICE')
