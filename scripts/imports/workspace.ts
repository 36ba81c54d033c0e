/** The packages of the workspace and their source files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

export interface WorkspacePackage {
  /** From the root, with forward slashes: `packages/core`. */
  readonly folder: string
  readonly manifest: Manifest
  /** Folders that tsconfig.json refers to; undefined where there is no tsconfig.json. */
  readonly references: readonly string[] | undefined
  /** From the root: every .ts file of the package that is not built. */
  readonly files: readonly string[]
}

export interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const PARENTS = ['packages', 'envs', 'kernels']
const SINGLES = ['experiments', 'benchmarks']

export function readWorkspace(root: string): WorkspacePackage[] {
  const folders = PARENTS.flatMap((parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [],
  )
  return [...folders, ...SINGLES]
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({
      folder,
      manifest: readJson(join(root, folder, 'package.json')) as Manifest,
      references: readReferences(root, folder),
      files: sourceFiles(root, folder),
    }))
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function readReferences(root: string, folder: string): string[] | undefined {
  const path = join(root, folder, 'tsconfig.json')
  if (!existsSync(path)) return undefined
  const config = readJson(path) as { references?: { path: string }[] }
  return (config.references ?? []).map(({ path: to }) => posix.normalize(posix.join(folder, to)))
}

function sourceFiles(root: string, folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return entries
    .map((entry) => `${folder}/${entry.replaceAll('\\', '/')}`)
    .filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file) && !/\/(node_modules|dist)\//.test(file))
    .sort()
}
