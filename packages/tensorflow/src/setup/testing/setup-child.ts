/** One setup from fake wheels through pip, in a process that a test kills: `setup-child.ts <wheels> <pins.json> <root>`. */
import { readFileSync } from 'node:fs'
import type { Pins } from '../pins.ts'
import { pipSource } from '../pip-source.ts'
import { setupTensorFlow } from '../setup.ts'
import { FAKE_VERSION } from './fake-wheels.ts'

const [wheels, pins, root] = process.argv.slice(2) as [string, string, string]
process.stdout.write('started\n')
await setupTensorFlow({
  cuda: true,
  onProgress: ({ phase, what }) => process.stdout.write(`${phase} ${what}\n`),
  parts: {
    root,
    pins: JSON.parse(readFileSync(pins, 'utf8')) as Pins,
    source: pipSource(['--no-index', '--find-links', wheels]),
    open: async () => ({ version: FAKE_VERSION }),
  },
})
