#!/usr/bin/env node
// Committed JavaScript: it starts without a build. In the repository it runs the TypeScript source through tsx; in the
// published package, which has no src, the compiled files.
import { existsSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`error: Node.js ${process.versions.node} is too old: Reprise needs 20.19 or newer.`)
  process.exit(2)
}

const source = new URL('../src/bin.ts', import.meta.url)
const fromSource = existsSync(source)
if (fromSource) {
  try {
    const { register } = await import('tsx/esm/api')
    register()
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    console.error(
      "error: the packages are not installed yet. Run 'npm start' or 'npm run setup' in the repository first.",
    )
    process.exit(2)
  }
  // Tells the loader of users' files that TypeScript is understood already.
  globalThis[Symbol.for('reprise.tsx')] = true
}
await import(fromSource ? source.href : new URL('../dist/bin.js', import.meta.url).href)
