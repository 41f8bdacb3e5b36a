// Run by Node beside the two bundles.
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { copiesContract } from './copies.ts'

const require = createRequire(`${process.cwd()}/`)
copiesContract(require('./one.cjs'), require('./two.cjs'), { describe, test })
