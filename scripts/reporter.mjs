/**
 * Mocha's `spec` reporter with one closing line, `12 passed, 0 failed, 3 skipped`, which .ci/run adds up.
 */
import mocha from 'mocha'

/**
 * @param {{ passes: number, failures: number, pending: number }} stats
 * @returns {string}
 */
export function closingLine ({ passes, failures, pending }) {
  const skipped = pending > 0 ? `, ${pending} skipped` : ''
  return `${passes} passed, ${failures} failed${skipped}`
}

// Mocha finds a reporter by its default export.
export default class extends mocha.reporters.Spec {
  /** @override */
  epilogue () {
    super.epilogue()
    console.log(closingLine(this.stats))
  }
}
