/** The part of `reprise doctor` about TensorFlow: which one, from where, what it runs on, what is missing by name. */
import type { DoctorFacts } from '@reprise/backend'
import { repriseCommand } from '@reprise/core'
import type { TensorFlowFacts } from '@reprise/tensorflow'
import { shown } from '../shown.ts'

/** Where a TensorFlow was found, for people. */
export const WHENCE = {
  option: 'named by an option',
  environment: 'named by REPRISE_TENSORFLOW',
  cache: 'installed by setup',
  python: 'found through python3',
  'official-binding': "TensorFlow.js's own",
} as const

export function tensorFlowLines(facts: DoctorFacts['tensorflow']): [string, string][] {
  if (facts === undefined) return [['missing', "the package '@reprise/tensorflow' (npm install @reprise/tensorflow)"]]
  return [
    ['library', libraryLine(facts)],
    ['runs on', facts.device === undefined ? 'nothing: it does not start' : deviceLine(facts, facts.device)],
    ['koffi', facts.koffi ?? 'not installed'],
    ['driver', driverLine(facts)],
    ...(facts.driver?.gpus ?? []).map(({ name, memory, capability }, i): [string, string] => [
      `GPU ${i}`,
      `${name}, ${(memory / 2 ** 30).toFixed(1)} GiB, compute capability ${capability}`,
    ]),
    ['Python', pythonLine(facts)],
    ...(facts.missing.length > 0
      ? facts.missing.map((what): [string, string] => ['missing', what])
      : [['missing', 'nothing'] as [string, string]]),
  ]
}

function libraryLine({ library, version, problem }: TensorFlowFacts): string {
  if (library === undefined) return problem ?? `none found; '${repriseCommand('setup tensorflow')}' installs one`
  const kind = library.cudaLibraries.length > 0 ? 'CUDA build' : 'CPU build'
  const what = `${version ?? 'version unknown'}, ${kind}, ${shown(library.folder)} (${WHENCE[library.source]})`
  return problem === undefined ? what : `${what}; it does not open: ${problem}`
}

function deviceLine({ driver }: TensorFlowFacts, device: string): string {
  const gpu = /^GPU:(\d+)$/.exec(device)
  const name = gpu === null ? undefined : driver?.gpus[Number(gpu[1])]?.name
  return name === undefined ? device : `${device}, ${name}`
}

function driverLine({ driver }: TensorFlowFacts): string {
  if (driver === undefined) return 'no NVIDIA driver: everything is computed on the CPU'
  const version = driver.version === undefined ? 'NVIDIA, version not said' : `NVIDIA ${driver.version}`
  if (driver.problem !== undefined) return `${version}; it cannot be used: ${driver.problem}`
  return `${version}, CUDA up to ${driver.cuda}`
}

function pythonLine({ python, pythonProblem }: TensorFlowFacts): string {
  if (python === undefined) return "none found (only 'setup' needs it)"
  const what = `${python.version} (${python.command})${python.pip === undefined ? '' : `, pip ${python.pip}`}`
  return pythonProblem === undefined ? `${what}: setup can download` : `${what}: setup cannot use it: ${pythonProblem}`
}
