/**
 * A thread that plays episodes: it builds the learner of the run anew from the run's record, and for each request takes
 * the policy that it is given.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { GroupAlgorithm } from '@reprise/algorithms'
import { Pcg64 } from '@reprise/core'
import { buildLearner } from '../learner.ts'
import { resolveRecorded } from '../resume.ts'
import type { RunConfig } from '../run/run-folder.ts'
import {
  buffersOf,
  type CollectorRequest,
  type PlayedReply,
  type PlayReply,
  type PlayRequest,
  type Thrown,
  thrownOf,
} from './collector-messages.ts'
import { GroupCollector } from './group-collector.ts'
import { PhaseTimer } from './phase-timer.ts'
import type { ThreadData } from './start-thread.ts'

/** What a collector thread is started with. */
export interface CollectorWorkerData {
  readonly config: RunConfig
  readonly groups: number
  /** The script that the process was started with: what is in its reach is in that of users' files. */
  readonly main: string | undefined
}

const { config, groups, main } = (workerData as ThreadData<CollectorWorkerData>).data
const port = parentPort!
if (main !== undefined) process.argv[1] = main

async function makeCollector() {
  const resolved = await resolveRecorded(config)
  const learner = await buildLearner(resolved)
  const { groupSize } = (resolved.algorithm as GroupAlgorithm).collection(resolved.algorithmOptions)
  const { env } = learner.environments.training(groups * groupSize, { autoresetMode: 'Disabled', onError: 'fail' })
  const rng = { actions: new Pcg64(0) }
  const ended: number[] = []
  const failures: Thrown[] = []
  const collector = new GroupCollector(
    {
      ...learner,
      rng,
      timer: new PhaseTimer(),
      episodes: { add: (...episode) => void ended.push(...episode) },
      failures: { note: (error) => void failures.push(thrownOf(error)) },
    },
    env,
  )
  const play = async ({ state, tasks, size, seed }: PlayRequest): Promise<PlayedReply> => {
    ended.length = failures.length = 0
    await learner.executor.load(state)
    rng.actions = new Pcg64(seed)
    // Whether all failed is for the whole batch to say.
    const { tasks: _, ...played } = await collector.play(tasks, size, true)
    return { played, ended: Float64Array.from(ended), failures }
  }
  const close = async () => {
    await env.close()
    learner.executor.dispose()
  }
  return { play, close }
}

const made = makeCollector()
// Said with the first reply.
made.catch(() => {})

port.on('message', async (request: CollectorRequest) => {
  try {
    const { play, close } = await made
    if (request === 'close') return await close()
    const reply = await play(request)
    port.postMessage(reply, buffersOf(reply))
  } catch (error) {
    port.postMessage({ error: thrownOf(error) } satisfies PlayReply)
  } finally {
    // Nothing else keeps the thread.
    if (request === 'close') port.close()
  }
})
