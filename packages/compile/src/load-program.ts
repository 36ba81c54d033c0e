/** Starting programs and functions from their files. */
import { RepriseError } from '@reprise/core'
import { assembleProgram, type Part, type Program } from './assemble-program.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { fromImage } from './file/image.ts'
import { readProgram } from './file/program-file.ts'
import { type Jitted, makeJitted } from './jitted.ts'
import type { SpecTree } from './tree.ts'

/**
 * A program as `write` left it, with its state, on any target: the functions themselves are not needed, and nothing is
 * recorded. It runs for the shapes that it was compiled for when written; on the target that it ran on then, it starts
 * without compiling. The type argument is that of the program, for its functions: `loadProgram<{ act: ... }>(path)`.
 * @throws RPR_FILE_MISSING, RPR_CHECKPOINT_CORRUPT (also where the file is no program), RPR_CHECKPOINT_VERSION;
 * RPR_COMPILE_INPUT for a file that a function of `jit` wrote; RPR_COMPILE_UNSUPPORTED for what the forced target cannot run
 */
export async function loadProgram<I extends Record<string, SpecTree> = Record<string, SpecTree>>(
  path: string,
  options: TargetOptions = {},
): Promise<Program<I>> {
  const { state, functions, image, blobs, jit } = await readProgram(path)
  if (jit !== undefined) refuse(`'${path}' holds a function of jit, not a program: use loadJitted.`, path)
  const parts = functions.map(
    ({ name, specialisations }): Part => ({ name, known: specialisations, prepare: () => notInFile(name) }),
  )
  const standIn = fromImage(image, blobs)
  const program = assembleProgram(state, parts, (request) => chooseTarget(request, options, standIn), options)
  return program as Program<I>
}

/**
 * A function of `jit` as `write` left it. Carried arguments have the values of then: the next call takes their handles
 * from `carried`, or starts anew from tensors.
 * @throws as `loadProgram`
 */
export async function loadJitted<A extends readonly unknown[], R>(
  path: string,
  options: TargetOptions = {},
): Promise<Jitted<A, R>> {
  const { state, functions, image, blobs, jit } = await readProgram(path)
  if (jit === undefined) refuse(`'${path}' holds a program, not a function of jit: use loadProgram.`, path)
  const { name, specialisations } = functions[0]!
  const known = specialisations.map(([, prepared], i) => ({
    inputs: prepared.request.inputs,
    constants: jit.constants[i]!,
    portable: true,
    prepared,
  }))
  const standIn = fromImage(image, blobs)
  return makeJitted<A, R>(
    {
      name,
      carry: jit.carry,
      restored: { known, state },
      choose: (request) => chooseTarget(request, options, standIn),
      prepare: () => notInFile(name),
      inline: () =>
        refuse(`'${name}' was loaded from a file: it cannot be recorded as part of another function.`, name),
    },
    options,
  )
}

/** A specialisation that a file does not hold. */
function notInFile(name: string): never {
  throw new RepriseError('RPR_COMPILE_INPUT', `'${name}' was loaded from a file, which does not hold these shapes.`, {
    value: name,
    hint: 'Use them once before writing the file, or compile the function itself.',
  })
}

function refuse(message: string, value: string): never {
  throw new RepriseError('RPR_COMPILE_INPUT', message, { value })
}
