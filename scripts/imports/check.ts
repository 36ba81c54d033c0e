/** Checks every import statement of the workspace against the order, the manifests and the project references. */

import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { FORBIDDEN, LEVELS, levelOf, matches, TENSOR_LIBRARIES, WITHOUT_TENSORS } from './order.ts'
import { importsOf } from './scan.ts'
import { type Manifest, readJson, readWorkspace, type WorkspacePackage } from './workspace.ts'

/** One sentence per violation: `file:line: what is wrong and why`. */
export function checkImports(root: string): string[] {
  const packages = readWorkspace(root)
  const byName = new Map(packages.map((p) => [p.manifest.name, p]))
  const rootDev = Object.keys((readJson(join(root, 'package.json')) as Manifest).devDependencies ?? {})
  return packages.flatMap((p) => checkPackage(root, p, byName, rootDev))
}

function checkPackage(
  root: string,
  self: WorkspacePackage,
  byName: ReadonlyMap<string, WorkspacePackage>,
  rootDev: readonly string[],
): string[] {
  const { folder, manifest } = self
  if (levelOf(folder) < 0) return [`${folder}: has no place in the order of scripts/imports/order.ts`]
  const problems: string[] = []
  const runtime = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
  const used = { runtime: new Set<string>(), tests: new Set<string>() }

  for (const file of self.files) {
    // What tests and builds import is not needed by a user.
    const isTest = /\.test\.ts$|\/(test|testing|fixtures|build)\//.test(file)
    for (const { specifier, line } of importsOf(readFileSync(join(root, file), 'utf8'))) {
      const bad = (why: string) => problems.push(`${file}:${line}: imports '${specifier}': ${why}`)
      if (isBuiltin(specifier)) {
        if (!specifier.startsWith('node:')) bad(`write 'node:${specifier}'`)
        continue
      }
      if (/^[./]/.test(specifier)) {
        checkRelative(root, self, file, specifier, bad)
        continue
      }
      const name = packageOf(specifier)
      const target = byName.get(name)
      if (name === manifest.name) {
        bad('a package reaches its own files by relative paths')
        continue
      }
      if (target) checkArrow(self, target, specifier, bad)
      else if (name.startsWith('@reprise/')) bad('no package of the workspace has this name')
      if (WITHOUT_TENSORS.some((p) => matches(p, folder)) && TENSOR_LIBRARIES.some((library) => library.test(name))) {
        bad(`${folder} never imports a tensor library`)
      }
      ;(isTest ? used.tests : used.runtime).add(name)
      const known = isTest ? { ...runtime, ...manifest.devDependencies } : runtime
      if (!(name in known) && !(isTest && rootDev.includes(name))) {
        bad(`it is missing from ${isTest ? 'devDependencies' : 'dependencies'} in ${folder}/package.json`)
      }
    }
  }
  return [...problems, ...checkManifest(self, byName, used)]
}

function checkRelative(
  root: string,
  self: WorkspacePackage,
  file: string,
  specifier: string,
  bad: (why: string) => void,
): void {
  const target = posix.join(posix.dirname(file), specifier)
  if (!target.startsWith(`${self.folder}/`))
    bad(`it lies outside ${self.folder}; import the public entry of its package`)
  else if (!/\.(ts|mjs|cjs|json)$/.test(specifier)) bad("relative imports name the file with its '.ts'")
  else if (!existsSync(join(root, target))) bad('there is no such file')
}

function checkArrow(
  self: WorkspacePackage,
  target: WorkspacePackage,
  specifier: string,
  bad: (why: string) => void,
): void {
  const entry = `.${specifier.slice(target.manifest.name.length)}`
  if (!(entry in (target.manifest.exports ?? { '.': true }))) bad('only the public entry of a package is imported')
  if (levelOf(target.folder) >= levelOf(self.folder)) {
    const left = LEVELS.slice(0, levelOf(self.folder)).flat()
    bad(`${self.folder} imports only ${left.length > 0 ? left.join(', ') : 'nothing of the workspace'}`)
  }
  const rule = FORBIDDEN.find(({ from, to }) => matches(from, self.folder) && matches(to, target.folder))
  if (rule) bad(rule.why)
}

function checkManifest(
  self: WorkspacePackage,
  byName: ReadonlyMap<string, WorkspacePackage>,
  used: { runtime: ReadonlySet<string>; tests: ReadonlySet<string> },
): string[] {
  const { folder, manifest, references } = self
  const problems: string[] = []
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    if (!byName.has(name) || used.runtime.has(name)) continue
    const where = used.tests.has(name) ? 'only tests import it: move it to devDependencies' : 'nothing imports it'
    problems.push(`${folder}/package.json: depends on '${name}', but ${where}`)
  }
  if (references === undefined) return problems
  const imported = new Set([...used.runtime, ...used.tests].flatMap((name) => byName.get(name)?.folder ?? []))
  for (const to of imported) {
    if (!references.includes(to))
      problems.push(`${folder}/tsconfig.json: has no reference to '${to}', which is imported`)
  }
  for (const to of references) {
    if (!imported.has(to)) problems.push(`${folder}/tsconfig.json: refers to '${to}', which nothing imports`)
  }
  return problems
}

/** `@scope/name/sub` -> `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
