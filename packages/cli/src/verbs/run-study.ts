import { existsSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runStudyJob } from '@reprise/ablation'
import type { Args } from '../args.ts'
import type { Io } from '../io.ts'

/** What `ablate` starts for each job of a study; no verb for people. */
export async function run(args: Args, io: Io): Promise<number> {
  const { result } = await runStudyJob(args.argument('folder'), load)
  for (const [name, value] of Object.entries(result.metrics)) io.out(`${name} ${value}`)
  return 0
}

/**
 * A study may have many jobs: where its file is an ES module by its package, it is imported as it is, without the
 * training package and the tensor library behind it. Elsewhere the loader of users' files makes it one.
 */
async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!isModule(path)) return (await import('@reprise/train')).importUserFile(path)
  // From source the bin file has registered it already.
  const marks = globalThis as { [key: symbol]: boolean | undefined }
  const mark = Symbol.for('reprise.tsx')
  if (!marks[mark]) {
    marks[mark] = true
    const { register } = await import('tsx/esm/api')
    register()
  }
  return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
}

function isModule(path: string): boolean {
  if (['.mts', '.mjs'].includes(extname(path))) return true
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as { type?: string }).type === 'module'
    if (folder === dirname(folder)) return false
  }
}
