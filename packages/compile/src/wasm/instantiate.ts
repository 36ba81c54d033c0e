import { hostImports } from './host-functions.ts'
import type { ProgramMemory } from './memory.ts'
import { webAssembly } from './web-assembly.ts'

/** The function `run` of a module on the program's memory. */
export function instantiate(code: Uint8Array<ArrayBuffer>, { memory }: ProgramMemory): () => void {
  const module = new webAssembly!.Module(code)
  const { exports } = new webAssembly!.Instance(module, { env: { memory }, host: hostImports })
  return exports['run'] as () => void
}
