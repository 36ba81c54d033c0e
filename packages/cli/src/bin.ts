/** What the bin file runs: `main` on this process. */
import { processIo } from './io.ts'
import { main } from './main.ts'

const code = await main(process.argv.slice(2), processIo())
// Set, not called: what is still being written to a pipe goes out before the process ends.
process.exitCode = code
