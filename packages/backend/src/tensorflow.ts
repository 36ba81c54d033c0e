/** The optional package @reprise/tensorflow, imported when an executor that runs on it is asked for. */
import { existsSync } from 'node:fs'
import { RepriseError, repriseCommand } from '@reprise/core'

type TensorFlowPackage = typeof import('@reprise/tensorflow')

/** @throws RepriseError RPR_EXECUTOR_MISSING where the package is not installed */
export async function loadTensorFlow(executor: string): Promise<TensorFlowPackage> {
  try {
    return await import('@reprise/tensorflow')
  } catch (cause) {
    throw new RepriseError('RPR_EXECUTOR_MISSING', `Executor '${executor}' needs ${PACKAGE}.`, {
      value: executor,
      cause,
    })
  }
}

const SETUP = `'${repriseCommand('setup tensorflow')}'`
const PACKAGE = `the package '@reprise/tensorflow', which is not installed: npm install @reprise/tensorflow, then ${SETUP}`
const LIBRARY = `TensorFlow, which is not installed: run ${SETUP}, or name its folder in REPRISE_TENSORFLOW`

/** What the executors on TensorFlow lack here, or undefined. Looks for files and opens nothing. */
export async function tensorFlowNeeds(): Promise<string | undefined> {
  let tensorflow: TensorFlowPackage
  try {
    tensorflow = await import('@reprise/tensorflow')
  } catch {
    return PACKAGE
  }
  try {
    return tensorflow.locateTensorFlow() === undefined ? LIBRARY : undefined
  } catch (error) {
    // REPRISE_TENSORFLOW names a folder without it.
    return `TensorFlow. ${(error as Error).message}`
  }
}

export interface TensorFlowFacts {
  /** Whether results repeat. */
  readonly deterministic: boolean
  /** What runs where, for the reason of an executor. */
  readonly where: string
  readonly gpu: boolean
}

/** Starts TensorFlow for operations (`eager`) or for programs, and says what runs. @throws RepriseError */
export async function startTensorFlow(executor: 'tensorflow' | 'eager:tensorflow'): Promise<TensorFlowFacts> {
  const { useTensorFlow, useTensorFlowTarget } = await loadTensorFlow(executor)
  const use = executor === 'tensorflow' ? useTensorFlowTarget : useTensorFlow
  const { version, device, deterministic } = await use({ threads: threads() })
  const where = ` (TensorFlow ${version} on ${device.name.split('device:')[1]})`
  return { deterministic, where, gpu: device.type === 'GPU' }
}

/**
 * One, as the other compiled targets have: small operations lose more in waking another thread than it gives, and
 * several runs at a time use the cores better. REPRISE_TENSORFLOW_THREADS says otherwise for large networks.
 */
function threads(): number {
  return Number(process.env['REPRISE_TENSORFLOW_THREADS'] || 1)
}

/**
 * For `auto`: registers TensorFlow's target where an NVIDIA driver and a CUDA build are, and looks no further elsewhere.
 * A TensorFlow that does not start is none: `auto` has other choices.
 */
export async function offerGpu(): Promise<void> {
  if (!existsSync('/dev/nvidiactl') && !existsSync('/dev/dxg')) return
  try {
    const { locateTensorFlow, useTensorFlowTarget } = await loadTensorFlow('auto')
    if (locateTensorFlow({ cuda: true }) !== undefined) await useTensorFlowTarget({ threads: threads() })
  } catch {
    // Not installed, or without a usable GPU.
  }
}
