import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { resolveRun } from '@reprise/train'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/<!-- checked: (\S+) -->\n```\w+\n(.*?)```/gs)].map(([, file, code]) => ({
  file: file!,
  code: code!,
}))

describe('the README', () => {
  it.each(blocks)('shows $file as it is checked', ({ file, code }) => {
    expect(readFileSync(join(root, file), 'utf8')).toBe(code)
  })

  it('shows a config file that a run accepts', async () => {
    const resolved = await resolveRun({ config: join(root, 'examples/my-run.yaml') }, 'flag')
    expect(resolved.algorithmOptions).toMatchObject({ learningRate: 'linear(0.001, 0.0001)', epochs: 10 })
    expect(resolved.run).toMatchObject({ steps: 200_000, normalizeReward: true })
    expect(resolved.envOptions).toEqual({ g: 9.81 })
  })

  it('links to files that exist', () => {
    const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)].map(([, target]) => target!)
    expect(targets.length).toBeGreaterThan(3)
    for (const target of targets) expect(() => readFileSync(join(root, target))).not.toThrow()
  })
})
