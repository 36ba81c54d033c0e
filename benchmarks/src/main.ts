/** `npm run bench -- <what>`: measurements beside named rivals, from one command on one machine. */
import { compileHelp, runCompile } from './compile.ts'
import { dqnHelp, runDqn } from './dqn.ts'
import { envHelp, runEnv } from './env.ts'
import { grpoHelp, runGrpo } from './grpo.ts'
import { kernelsHelp, runKernels } from './kernels.ts'
import { replayHelp, runReplay } from './replay.ts'
import { runTrain, trainHelp } from './train.ts'

const commands: Record<string, { help: string; run(args: string[]): Promise<void> | void }> = {
  env: { help: envHelp, run: runEnv },
  compile: { help: compileHelp, run: runCompile },
  train: { help: trainHelp, run: runTrain },
  dqn: { help: dqnHelp, run: runDqn },
  replay: { help: replayHelp, run: runReplay },
  kernels: { help: kernelsHelp, run: runKernels },
  grpo: { help: grpoHelp, run: runGrpo },
}

const [name, ...args] = process.argv.slice(2)
const command = name === undefined ? undefined : commands[name]
if (command === undefined || args.includes('--help')) {
  const lines = Object.entries(commands).map(([key, { help }]) => `  ${key.padEnd(8)}${help}`)
  console.log(`npm run bench -- <what> [options]\n\n${lines.join('\n')}`)
  process.exitCode = command === undefined && name !== undefined && name !== '--help' ? 2 : 0
} else {
  try {
    await command.run(args)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  }
}
