/** `troupe start`. */
export function start (_args: readonly string[]): Promise<number> {
  process.stderr.write('troupe: there is nothing to start yet\n')
  return Promise.resolve(1)
}
