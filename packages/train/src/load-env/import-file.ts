/** Imports a user's environment file as it lies on disk: TypeScript or JavaScript, in any folder. */
import { existsSync, statSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RepriseError, repriseCommand } from '@reprise/core'
import { ENV_FILE_EXTENSIONS } from './env-ref.ts'
import { describeLoadError } from './load-error.ts'

// The same distance from src/load-env and from dist/load-env.
const HOOKS = new URL('../../hooks/user-files.mjs', import.meta.url)
const { nativeImport } = createRequire(import.meta.url)(
  fileURLToPath(new URL('../../hooks/native-import.cjs', import.meta.url)),
) as { nativeImport: (url: string) => Promise<Record<string, unknown>> }

/** Set once tsx is registered in this process, also by the command's bin file. */
const TSX = Symbol.for('reprise.tsx')
let hooked: Promise<void> | undefined

/**
 * The exports of a file. A file that changed since it was last imported is imported anew.
 * @throws RPR_FILE_MISSING, RPR_ENV_LOAD (with the position where the file has a syntax error)
 */
export async function importUserFile(path: string): Promise<Record<string, unknown>> {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `There is no file ${path}.`, {
      value: path,
      hint: `Give a path from the current folder, or write a new environment with '${repriseCommand('new-env my-env.ts')}'.`,
    })
  }
  const stats = statSync(path)
  if (!stats.isFile() || !(ENV_FILE_EXTENSIONS as readonly string[]).includes(extname(path))) {
    throw new RepriseError('RPR_ENV_LOAD', `${path} is not an environment file.`, {
      value: path,
      hint: `An environment is a ${ENV_FILE_EXTENSIONS.join(', ')} file.`,
    })
  }
  hooked ??= installHooks()
  await hooked
  try {
    return await nativeImport(`${pathToFileURL(path).href}?reprise-user=${stats.mtimeMs}`)
  } catch (error) {
    throw describeLoadError(path, error)
  }
}

async function installHooks(): Promise<void> {
  // Before our own hook, which must be asked first.
  await registerTsx()
  // From this package most of Reprise is in reach; what started the process (the command) reaches the rest.
  const bases = [import.meta.url, ...(process.argv[1] ? [pathToFileURL(process.argv[1]).href] : [])]
  const api = module as { registerHooks?: (hooks: { resolve: unknown }) => void }
  if (api.registerHooks) {
    const hooks = (await nativeImport(HOOKS.href)) as { initialize: (data: object) => void; resolve: unknown }
    hooks.initialize({ bases })
    api.registerHooks({ resolve: hooks.resolve })
  } else {
    module.register(HOOKS, { data: { bases } })
  }
}

async function registerTsx(): Promise<void> {
  const marks = globalThis as { [TSX]?: boolean }
  if (marks[TSX]) return
  marks[TSX] = true
  const { register } = await import('tsx/esm/api')
  register()
}
