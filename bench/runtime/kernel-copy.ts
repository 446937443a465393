/**
 * Copies of the compiled kernel, loaded beside the original: for questions like "what does this line cost". Two equal
 * copies say how much two runs of equal code differ, which is what any such answer must be held against.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as original from '../../src/runtime.js'
import { builtRoot } from '../support/bench.js'

export type Kernel = typeof original

/** Texts in a compiled file of the kernel that a copy is to be without. */
export interface Removal {
  readonly file: string
  readonly texts: readonly string[]
}

/** @throws Error when a text to be removed does not stand there exactly once: then the kernel has changed and the bench must follow */
export async function kernelCopy (name: string, removal?: Removal): Promise<Kernel> {
  const folder = join(builtRoot, 'copies', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(join(builtRoot, 'src'), folder, { recursive: true })
  if (removal !== undefined) {
    const file = join(folder, removal.file)
    let code = readFileSync(file, 'utf8')
    for (const text of removal.texts) {
      const [before, after, ...more] = code.split(text)
      if (after === undefined || more.length > 0) throw new Error(`${removal.file} does not hold '${text}' exactly once; look at what has changed there, and at what this bench removes`)
      code = `${before}${after}`
    }
    writeFileSync(file, code)
  }
  return await import(pathToFileURL(join(folder, 'runtime.js')).href) as Kernel
}
