import { NetworkError } from '../../../src/messages/errors.js'

/** The code with which it rejects, or what else has become of it. */
export async function codeOf (promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return error instanceof NetworkError ? error.code : String(error)
  }
}

/** As many microtasks as any test here needs. */
export async function calm (): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}
