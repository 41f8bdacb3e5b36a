// Fails when the site has a dead link, or does not work in a browser.
import { browserFindings } from './check/browser.mjs'
import { deadLinks } from './check/links.mjs'

const findings = [...deadLinks(), ...(await browserFindings())]
for (const finding of findings) console.error(finding)
process.exitCode = findings.length > 0 ? 1 : 0
