/**
 * Installs the workspace with the pinned pnpm, whatever pnpm is on the path, and only where something changed.
 * Plain JavaScript without dependencies: it runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import { existsSync, realpathSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const PNPM = 'pnpm@12.21.0'
const NODE = [20, 19]
const root = dirname(dirname(fileURLToPath(import.meta.url)))
// pnpm writes this file when an installation is complete.
const stamp = join(root, 'node_modules', '.modules.yaml')

/** Throws an Error whose message is meant for a person. */
export async function install() {
  checkNode()
  if (isInstalled()) return
  console.log('Installing packages (once, then only when pnpm-lock.yaml changes) ...')
  const { code, output } = await npx(['--yes', PNPM, 'install', '--frozen-lockfile'])
  if (code !== 0) throw new Error(explain(output))
  // pnpm leaves the file alone where nothing had to change.
  const now = new Date()
  utimesSync(stamp, now, now)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NODE[0] || (major === NODE[0] && minor >= NODE[1])) return
  throw new Error(
    `Node.js ${process.versions.node} is too old: Reprise needs ${NODE.join('.')} or newer. Install a current Node.js and try again.`,
  )
}

function isInstalled() {
  return existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(root, 'pnpm-lock.yaml')).mtimeMs
}

function npx(args) {
  // npm says where it lies itself; npx beside it then needs no shell, on Windows neither.
  const cli = process.env.npm_execpath && join(dirname(process.env.npm_execpath), 'npx-cli.js')
  const [command, prefix] = cli && existsSync(cli) ? [process.execPath, [cli]] : ['npx', []]
  const child = spawn(command, [...prefix, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: command === 'npx' && process.platform === 'win32',
  })
  let output = ''
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.on('data', (chunk) => {
      output += chunk
      to.write(chunk)
    })
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: `${output}\n${error.message}` }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

function explain(output) {
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|ENETUNREACH|ERR_SOCKET|network timeout/.test(output)) {
    return (
      'npm cannot reach its package registry. Check the network connection, the proxy (npm config get proxy) ' +
      'and the registry (npm config get registry), then try again.'
    )
  }
  if (/\bE40[13]\b|ERR_PNPM_FETCH_40[13]/.test(output)) {
    return 'The package registry refused access. Check npm config get registry and your login, then try again.'
  }
  if (/spawn .*ENOENT/.test(output))
    return 'npx was not found: it comes with npm. Install npm beside Node.js and try again.'
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
    return `pnpm-lock.yaml does not match the package.json files. After changing dependencies run: npx --yes ${PNPM} install`
  }
  if (/ENOSPC/.test(output)) return 'The disk is full: the installation needs about 400 MB.'
  return 'The installation failed; the lines above say why.'
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await install()
    console.log("Installed. Next: 'npm start', or 'npx --no reprise help'.")
  } catch (error) {
    console.error(`error: ${error.message}`)
    process.exitCode = 1
  }
}
