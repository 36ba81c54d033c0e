/** What a person may call an experiment. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RepriseError, suggest } from '@reprise/core'

/**
 * The folder of an experiment: a folder that holds experiment.yaml, that file itself, or a name in `experiments/`
 * below `root`.
 * @throws RepriseError RPR_FILE_MISSING with the nearest name
 */
export function findExperiment(given: string, root = '.'): string {
  if (basename(given) === 'experiment.yaml' && existsSync(given)) return dirname(given)
  for (const folder of [given, join(root, 'experiments', given)]) {
    if (existsSync(join(folder, 'experiment.yaml'))) return folder
  }
  const names = listExperiments(root)
  const known =
    names.length > 0 ? suggest(basename(given), names) : `There is no folder '${join(root, 'experiments')}'.`
  throw new RepriseError('RPR_FILE_MISSING', `There is no experiment '${given}': no experiment.yaml there.`, {
    value: given,
    hint: `${known} Give a folder that holds an experiment.yaml, or a name in experiments/.`,
  })
}

export function isExperiment(given: string, root = '.'): boolean {
  return [given, join(root, 'experiments', given)].some((folder) => existsSync(join(folder, 'experiment.yaml')))
}

export function listExperiments(root = '.'): string[] {
  const folder = join(root, 'experiments')
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'experiment.yaml')))
}
