/** The files of crash capsules. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Writes a capsule into the directory, which is made when it is not there. Only for whoever runs the process: it may hold what others
 * have said.
 *
 * @returns its path; undefined when there are as many files as may be
 * @throws Error of the file system
 */
export function writeCapsule (directory: string, max: number, name: string, text: string): string | undefined {
  mkdirSync(directory, { recursive: true })
  const there = new Set(readdirSync(directory).filter(file => file.startsWith('crash-') && file.endsWith('.json')))
  if (there.size >= max) return undefined
  for (let n = 1; ; n++) {
    const file = `crash-${n}-${name}.json`
    if (there.has(file)) continue
    const path = join(directory, file)
    try {
      writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
      return path
    } catch (error) {
      // Another process was quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      there.add(file)
    }
  }
}

export async function readCapsule (file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'))
}
