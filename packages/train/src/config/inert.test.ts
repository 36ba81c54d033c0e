import { expect, it } from 'vitest'
import { buildLearner } from '../learner.ts'
import { resolveRun } from './resolve.ts'

const learner = async (env: string, set: object, source: 'flag' | 'recorded' = 'flag') => {
  const given = { algo: 'ppo', env, preset: false, executor: 'eager:cpu', set: { hidden: [4], ...set } } as const
  const { executor } = await buildLearner(await resolveRun(given, source))
  executor.dispose()
}

it.each([
  ['CartPole-v1', { logStdInit: -1 }, /^Option 'logStdInit' = -1 would have no effect: actions are Discrete\(2\)/],
  [
    'Pendulum-v1',
    { wrappers: ['rescaleAction', 'clipAction'] },
    /^Option 'wrappers' = clipAction would have no effect/,
  ],
])('%s %o: refused where a user set it, and only there', async (env, set, message) => {
  await expect(learner(env, set)).rejects.toMatchObject({
    code: 'RPR_OPTION_INERT',
    message: expect.stringMatching(message),
  })
  await learner(env, set, 'recorded')
})

it.each([
  ['CartPole-v1', { logStdInit: 0 }],
  ['Pendulum-v1', { logStdInit: -1, wrappers: ['rescaleAction'] }],
])('%s %o: has an effect, or is the default', async (env, set) => learner(env, set))
