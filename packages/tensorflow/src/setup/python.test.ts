import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pins } from './pins.ts'
import { pipSource } from './pip-source.ts'
import { checkPlatform } from './platform.ts'
import { findPython } from './python.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-python-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A command that answers like a Python of this kind, and fails like its pip. */
function python(name: string, version: string, pip: string): string {
  const path = join(root, name)
  writeFileSync(
    path,
    `#!/bin/sh\ncase "$*" in *" download "*) echo looking; echo "ERROR: no route" >&2; exit 3;; esac\nprintf '%s\\n' ${version} ${pip || "''"}\n`,
  )
  chmodSync(path, 0o755)
  return path
}

it('takes the first Python whose pip will do', () => {
  const good = python('good', '3.8.18', '20.3.4')
  expect(findPython([join(root, 'none'), python('old', '3.6.15', '18.1'), good])).toEqual({
    command: good,
    version: '3.8.18',
    pip: '20.3.4',
  })
  expect(findPython([python('new', '3.14.0', '25.1.1')]).version).toBe('3.14.0')
})

it('says which Pythons are there and why none will do', () => {
  const refused = (...commands: string[]) => expect(() => findPython(commands))
  refused('no-such-python').toThrow(/'no-such-python' cannot be started\. Install Python 3\.8/)
  refused(python('six', '3.6.15', '18.1')).toThrow(/it is Python 3\.6\.15, and setup needs 3\.8/)
  refused(python('bare', '3.12.3', '')).toThrow(/it is Python 3\.12\.3 without pip/)
  refused(python('stale', '3.8.10', '20.0.2')).toThrow(/its pip is 20\.0\.2, and setup needs 20\.3\.4/)
})

it("a download that fails shows pip's own last words", async () => {
  const before = process.env['PYTHON']
  process.env['PYTHON'] = python('offline', '3.11.2', '23.0.1')
  try {
    const fetch = pipSource().fetch(pins(false).wheels[0]!, root, join(root, 'tmp'))
    await expect(fetch).rejects.toMatchObject({
      code: 'RPR_SETUP_DOWNLOAD',
      message: expect.stringMatching(
        /tensorflow-cpu 2\.21\.0 could not be downloaded: pip ended with 3\.[\s\S]*ERROR: no route/,
      ),
    })
  } finally {
    if (before === undefined) delete process.env['PYTHON']
    else process.env['PYTHON'] = before
  }
})

it('refuses platforms that the wheels are not for, by name', () => {
  const here = { platform: 'linux', arch: 'x64', glibc: '2.36' }
  expect(() => checkPlatform(here)).not.toThrow()
  expect(() => checkPlatform({ ...here, platform: 'darwin' })).toThrow(/darwin x64/)
  expect(() => checkPlatform({ ...here, arch: 'arm64' })).toThrow(/linux arm64/)
  expect(() => checkPlatform({ ...here, glibc: undefined })).toThrow(/another C library/)
  expect(() => checkPlatform({ ...here, glibc: '2.17' })).toThrow(/glibc 2\.17, older than 2\.27/)
})
