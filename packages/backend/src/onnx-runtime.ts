import { createRequire } from 'node:module'

/** Version of the optional package onnxruntime-node, or undefined where it is not installed. Loads nothing of it. */
export function onnxRuntimeVersion(): string | undefined {
  try {
    // The package is a peer of @reprise/compile: it is looked up from there.
    const compile = createRequire(import.meta.url).resolve('@reprise/compile')
    return (createRequire(compile)('onnxruntime-node/package.json') as { version: string }).version
  } catch {
    return undefined
  }
}
