import { existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, isAbsolute, resolve } from 'node:path'
import { RepriseError } from '@reprise/core'
import type { Args } from '../args.ts'
import { envTemplate } from '../env-template.ts'
import type { Io } from '../io.ts'
import { quoted, shown } from '../shown.ts'

/** What the loader of environment files takes; loading it here would load everything else with it. */
const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs']

export async function run(args: Args, io: Io): Promise<number> {
  const file = args.argument('file')
  const path = resolve(file)
  if (!EXTENSIONS.includes(extname(path))) {
    throw new RepriseError('RPR_USAGE', `'${file}' is no name for an environment file.`, {
      value: file,
      hint: `Its name ends in ${EXTENSIONS.join(', ')}: ${basename(path, extname(path)) || 'my-env'}.ts.`,
    })
  }
  if (!existsSync(dirname(path))) {
    throw new RepriseError('RPR_FILE_MISSING', `There is no folder '${dirname(file)}'.`, {
      value: file,
      hint: 'Make it first.',
    })
  }
  const name = basename(path)
  try {
    writeFileSync(path, envTemplate(idFrom(name), name, io.command), { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new RepriseError('RPR_FILE_EXISTS', `'${file}' exists already; it was left as it is.`, {
        value: file,
        hint: 'Choose another name.',
      })
    }
    throw new RepriseError('RPR_FILE_UNWRITABLE', `'${file}' cannot be written: ${(cause as Error).message}.`, {
      value: file,
      hint: 'Choose another folder.',
      cause,
    })
  }
  io.out(`Wrote ${file}. Next:`)
  const typed = quoted(path)
  io.out(`  ${io.command} check-env ${typed}`)
  io.out(
    `  ${io.command} train --algo ppo --env ${isAbsolute(shown(path)) ? typed : typed.replace(/^"?/, '$&./')} --steps 20000`,
  )
  return 0
}

/** `my-env.ts` -> `MyEnv-v0`. */
function idFrom(file: string): string {
  const words = file.replace(/\.[a-z]+$/, '').split(/[^A-Za-z0-9]+/)
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return `${name || 'MyEnv'}-v0`
}
