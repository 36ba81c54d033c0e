import { readFileSync } from 'node:fs'

/** Of this package, and so of Reprise: its packages are released together. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
