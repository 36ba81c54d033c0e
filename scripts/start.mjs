/**
 * `npm start`: installs what is missing, then trains GRPO on CartPole-v1 with its preset. What follows `--` goes to the
 * command and overrides: `npm start -- --algo ppo --env Acrobot-v1`.
 *
 * The command runs in this process: with a child, npm would return at Ctrl-C while the run is still being saved.
 */
import { fileURLToPath } from 'node:url'
import { install } from './install.mjs'

const bin = new URL('../packages/cli/bin/reprise.mjs', import.meta.url)

const extra = process.argv.slice(2)
const given = (flag) => extra.some((argument) => argument === flag || argument.startsWith(`${flag}=`))
// A config file may name both.
const defaults = given('--config')
  ? []
  : [
      ['--algo', 'grpo'],
      ['--env', 'CartPole-v1'],
    ].filter(([flag]) => !given(flag))

try {
  await install()
  process.argv = [process.argv[0], fileURLToPath(bin), 'train', ...defaults.flat(), ...extra]
  await import(bin.href)
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}
