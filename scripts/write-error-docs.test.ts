import { readFileSync } from 'node:fs'
import { ERROR_CODES } from '@reprise/core'
import { expect, it } from 'vitest'
import { ERROR_DOCS, errorDocs } from './write-error-docs.ts'

it('docs/errors.md is current: run `npx tsx scripts/write-error-docs.ts`', () => {
  expect(readFileSync(ERROR_DOCS, 'utf8')).toBe(errorDocs())
})

it('names every code once', () => {
  const page = errorDocs()
  for (const code of Object.keys(ERROR_CODES)) expect(page.split(`\`${code}\``).length, code).toBe(2)
})
