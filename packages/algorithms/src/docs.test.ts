/** The pages of the algorithms say what the code does. `REPRISE_WRITE_DOCS=1` writes the option tables anew; format afterwards. */
import { readFileSync, writeFileSync } from 'node:fs'
import { box, Pcg64 } from '@reprise/core'
import { GroupAssembler } from '@reprise/replay'
import { describe, expect, it } from 'vitest'
import { algorithms, arpo, bc, dqn, grpo, optionsMarkdown, ppo, redq, sac, td3 } from './index.ts'
import { updateCallOf } from './testing/actor-critic-batches.ts'
import { dqnUpdateCall } from './testing/dqn-batches.ts'
import { episodesOf, learnerFor, optionsFor, rolloutOf, spacesFor } from './testing/fixtures.ts'

const pageOf = (name: string) => new URL(`../docs/${name}.md`, import.meta.url)
const BEGIN = '<!-- options: written by docs.test.ts -->\n'
const END = '<!-- end of options -->'
const spaces = spacesFor(box({ low: -1, high: 1 }))

describe.each(algorithms.map(({ name, options }) => [name, options] as const))('docs/%s.md', (name, options) => {
  it('has the table of options', () => {
    const page = readFileSync(pageOf(name), 'utf8')
    const [before, rest] = page.split(BEGIN)
    const [, after] = rest!.split(END)
    const wanted = `${before}${BEGIN}${optionsMarkdown(options)}\n${END}${after}`
    if (process.env['REPRISE_WRITE_DOCS'] === '1') writeFileSync(pageOf(name), wanted)
    else expect(withoutPadding(page)).toBe(withoutPadding(wanted))
  })
})

/** The formatter lines the columns of tables up. */
function withoutPadding(text: string): string {
  return text
    .replace(/ *\| */g, '|')
    .replace(/-{2,}/g, '--')
    .replace(/\n+/g, '\n')
}

async function metricsOf(name: 'ppo' | 'grpo'): Promise<string[]> {
  const rng = new Pcg64(1)
  if (name === 'ppo') {
    const options = optionsFor(ppo.options, { numEnvs: 2, numSteps: 8, targetKl: 1 })
    const learner = await learnerFor(ppo, options, { spaces })
    const { call, metrics } = ppo.prepare(await rolloutOf(learner, rng, { spaces }), {
      options,
      rng,
      progress: 0,
      spaces,
    })
    const reported = ppo.report((await learner.updates(call!)).metrics)
    learner.dispose()
    return Object.keys({ ...metrics, ...reported })
  }
  const options = optionsFor(grpo.options, { groups: 2, groupSize: 4, klCoef: 0.1 })
  const learner = await learnerFor(grpo, options, { spaces })
  const { call, metrics } = grpo.prepare(await episodesOf(learner, rng, { spaces }), {
    options,
    rng,
    progress: 0,
    spaces,
  })
  const reported = grpo.report((await learner.updates(call!)).metrics)
  learner.dispose()
  return Object.keys({ ...metrics, ...reported }).map((key) => key.replace('reward/return/', 'reward/<name>/'))
}

it.each(['ppo', 'grpo'] as const)('docs/%s.md explains every metric that the algorithm gives', async (name) => {
  const page = readFileSync(pageOf(name), 'utf8')
  const missing = (await metricsOf(name)).filter((key) => !page.includes(`\`${key}\``))
  expect(missing).toEqual([])
})

it('docs/dqn.md explains every metric that the algorithm gives', async () => {
  const options = optionsFor(dqn.options, { gradientStepsLater: 2 })
  const learner = await learnerFor(dqn, options)
  const { metrics } = await learner.update(dqnUpdateCall(options, new Pcg64(1), { rows: 4, actions: 3 }))
  const reported = dqn.report(
    Object.fromEntries(Object.entries(metrics).map(([k, value]) => [k, Float32Array.of(value)])),
  )
  const page = readFileSync(pageOf('dqn'), 'utf8')
  expect(Object.keys(reported).filter((key) => !page.includes(`\`${key}\``))).toEqual([])
  learner.dispose()
})

it.each([
  ['sac', sac],
  ['td3', td3],
  ['redq', redq],
] as const)('docs/%s.md explains every metric that the algorithm gives', async (_, algorithm) => {
  const options = optionsFor(algorithm.options as typeof sac.options, { gradientStepsLater: 2 })
  const learner = await learnerFor(algorithm, options, { spaces })
  const moment = { update: 1, index: 1, count: 2 }
  const { metrics } = await learner.update(updateCallOf(algorithm, options, spaces, new Pcg64(1), moment))
  const columns = Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, Float32Array.of(value)]))
  const page = readFileSync(pageOf(algorithm.name), 'utf8')
  expect(Object.keys(algorithm.report(columns)).filter((key) => !page.includes(`\`${key}\``))).toEqual([])
  learner.dispose()
})

it('docs/arpo.md and docs/bc.md explain every metric that they add to those of GRPO', async () => {
  const rng = new Pcg64(1)
  const values = optionsFor(arpo.options, { groups: 2, groupSize: 4 })
  const learner = await learnerFor(arpo, values, { spaces })
  const episodes = await episodesOf(learner, rng, { spaces })
  const outcomes = episodes.returns.map((value) => (value > 0 ? 1 : 0))
  const context = { rng, groups: 2, score: () => ({ logProb: new Float32Array(99), entropy: new Float32Array(99) }) }
  const assembler = new GroupAssembler({ ...arpo.episodeReplay!(values)!, verify: true }, context)
  assembler.begin(0)
  const judged = arpo.judge!(episodes, values)
  await assembler.inject({ ...episodes, outcomes }, judged)
  const arpoPage = readFileSync(pageOf('arpo'), 'utf8')
  expect(Object.keys(assembler.metrics()).filter((key) => !arpoPage.includes(`\`${key}\``))).toEqual([])
  learner.dispose()

  const own = optionsFor(bc.options, { episodes: 'x.yaml' })
  const discrete = spacesFor()
  const cloner = await learnerFor(bc, own, { spaces: discrete })
  const shown = await episodesOf(cloner, rng, { spaces: discrete })
  const { call, metrics } = bc.prepare(shown, { options: own, rng, progress: 0, spaces: discrete })
  const reported = { ...metrics, ...bc.report((await cloner.updates(call!)).metrics) }
  const bcPage = readFileSync(pageOf('bc'), 'utf8')
  expect(Object.keys(reported).filter((key) => !bcPage.includes(`\`${key}\``))).toEqual([])
  cloner.dispose()
})
