// Makes the Python environment of the rivals, outside the source tree:
//   node scripts/rivals/setup.mjs            gymnasium and numpy: parity recordings, `bench env`
//   node scripts/rivals/setup.mjs --train    also stable-baselines3, torch and jax: `bench train`, `dqn`, `compile`
//   node scripts/rivals/setup.mjs --replay   also cpprb, tianshou, torchrl and flashbax: `bench replay`
//   node scripts/rivals/setup.mjs --where    prints the path of its Python and exits
// REPRISE_RIVALS overrides the folder (default: reprise/rivals under the user's cache folder), PYTHON the Python to use.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const windows = process.platform === 'win32'
const cache =
  process.env.XDG_CACHE_HOME ??
  (windows
    ? (process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
    : process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Caches')
      : join(homedir(), '.cache'))
const folder = process.env.REPRISE_RIVALS ?? join(cache, 'reprise', 'rivals')
const python = windows ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')

if (process.argv.includes('--where')) {
  console.log(python)
} else {
  if (!existsSync(python)) run(process.env.PYTHON ?? (windows ? 'python' : 'python3'), ['-m', 'venv', folder])
  const here = dirname(fileURLToPath(import.meta.url))
  const requirements = process.argv.includes('--replay')
    ? 'requirements-replay.txt'
    : process.argv.includes('--train')
      ? 'requirements-train.txt'
      : 'requirements.txt'
  run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '-r', join(here, requirements)])
  console.log(`The rivals are ready: ${python}`)
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) {
    console.error(`${command} cannot be started (${error.message}). Install Python 3.10 or newer, or set PYTHON.`)
    process.exit(1)
  }
  if (status !== 0) process.exit(status ?? 1)
}
