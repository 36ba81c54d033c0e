/**
 * Resolve hook for users' files, in any folder: `@reprise/*` means the running installation, and a file that is
 * written as an ES module is one, whatever the nearest package.json says. A user's file is told by `MARK` in its URL,
 * and hands the mark on to the files it imports; nothing else is touched.
 *
 * Committed JavaScript: Node loads it before anything could compile it. The same functions serve as in-thread hooks
 * (`registerHooks`, where `next` returns) and off-thread ones (`register`, where `next` returns a promise).
 */
import { readFileSync } from 'node:fs'

export const MARK = 'reprise-user'

/** URLs whose packages are the running installation: tried in order. */
let bases = []

export function initialize(data) {
  bases = data.bases
}

export function resolve(specifier, context, next) {
  const mark = markOf(context.parentURL) ?? markOf(specifier)
  if (mark === undefined) return next(specifier, context)
  if (specifier.startsWith('@reprise/')) {
    return bases.reduceRight(
      (otherwise, base) => () => attempt(() => next(specifier, { ...context, parentURL: base }), otherwise),
      () => next(specifier, context),
    )()
  }
  // The mark is kept from the hooks behind this one: tsx gives a CommonJS-looking file with a query another URL.
  return then(next(unmarked(specifier), { ...context, parentURL: unmarked(context.parentURL) }), (result) => {
    if (!result.url.startsWith('file:') || result.url.includes('/node_modules/')) return result
    const url = new URL(new URL(result.url).pathname, 'file:')
    if (!isModule(url)) return result
    url.searchParams.set(MARK, mark)
    return { ...result, url: url.href, format: 'module' }
  })
}

function markOf(url) {
  return url?.startsWith('file:') ? (new URL(url).searchParams.get(MARK) ?? undefined) : undefined
}

function unmarked(url) {
  if (markOf(url) === undefined) return url
  const clean = new URL(url)
  clean.searchParams.delete(MARK)
  return clean.href
}

/** Whether a JavaScript or TypeScript file is written as an ES module. */
function isModule(url) {
  if (/\.m[jt]s$/.test(url.pathname)) return true
  if (!/\.[jt]sx?$/.test(url.pathname)) return false
  try {
    return /^\s*(import|export)\b/m.test(readFileSync(url, 'utf8'))
  } catch {
    return false
  }
}

function then(value, onValue) {
  return value instanceof Promise ? value.then(onValue) : onValue(value)
}

function attempt(first, otherwise) {
  try {
    const value = first()
    return value instanceof Promise ? value.catch(otherwise) : value
  } catch {
    return otherwise()
  }
}
