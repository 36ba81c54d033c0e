/** Finds a Python whose pip can download: the wheels are for another Python, so its version hardly matters. */
import { execFileSync } from 'node:child_process'
import { RepriseError } from '@reprise/core'

export interface PythonFacts {
  readonly command: string
  readonly version: string
  /** Undefined where it has no pip. */
  readonly pip: string | undefined
}

/** The Python to use; else the first usable of python3 and python. */
export const PYTHON_VARIABLE = 'PYTHON'

const OLDEST_PYTHON = '3.8'
/** The first that understands wheels for Python 3.10 and later from an older Python, and several platforms at once. */
const OLDEST_PIP = '20.3.4'

const PROBE = [
  'import sys',
  'try:',
  '  import pip; v = pip.__version__',
  'except ImportError: v = ""',
  'print("%d.%d.%d" % sys.version_info[:3]); print(v)',
].join('\n')

/** What `command` is; undefined where it cannot be started. */
export function inspectPython(command: string): PythonFacts | undefined {
  try {
    const out = execFileSync(command, ['-c', PROBE], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    })
    const [version, pip] = out.split('\n').map((line) => line.trim())
    return version ? { command, version, pip: pip || undefined } : undefined
  } catch {
    return undefined
  }
}

/** What stands in the way of using a Python for setup; undefined where nothing does. */
export function pythonProblem({ version, pip }: PythonFacts): string | undefined {
  if (older(version, OLDEST_PYTHON)) return `it is Python ${version}, and setup needs ${OLDEST_PYTHON} or newer`
  if (pip === undefined) return `it is Python ${version} without pip`
  if (older(pip, OLDEST_PIP)) return `its pip is ${pip}, and setup needs ${OLDEST_PIP} or newer`
  return undefined
}

export function pythonCommands(): string[] {
  const named = process.env[PYTHON_VARIABLE]
  return named !== undefined && named !== '' ? [named] : ['python3', 'python']
}

/** @throws RPR_SETUP_PYTHON where no Python is there, or none with a usable pip */
export function findPython(commands: readonly string[] = pythonCommands()): PythonFacts & { readonly pip: string } {
  const seen: string[] = []
  for (const command of commands) {
    const facts = inspectPython(command)
    if (facts === undefined) continue
    const problem = pythonProblem(facts)
    if (problem === undefined) return { ...facts, pip: facts.pip! }
    seen.push(`'${command}' cannot be used: ${problem}`)
  }
  const what = commands.map((command) => `'${command}'`).join(' or ')
  throw new RepriseError(
    'RPR_SETUP_PYTHON',
    seen.length > 0
      ? `${seen.join('; ')}.`
      : `setup tensorflow downloads with Python's pip, and ${what} cannot be started.`,
    {
      value: commands.join(', '),
      hint:
        `Install Python ${OLDEST_PYTHON} or newer with pip (Debian and Ubuntu: apt install python3-pip; a pip that is too old: ` +
        `python3 -m pip install --upgrade pip), or name one in the environment variable ${PYTHON_VARIABLE}.`,
    },
  )
}

function older(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0
}
