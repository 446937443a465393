/**
 * What a system holds open in the outside world: sockets, listeners, simulated links. Each port counts what it opens here
 * and takes it off when it is closed, whoever owns it and whether or not anybody still knows of it: that is how a leak shows.
 */
export class Handles {
  private readonly open = new Map<object, string>()

  get size (): number {
    return this.open.size
  }

  /** Counts `handle` as open; `label` says what it is, for the ledger. */
  opened (handle: object, label: string): void {
    this.open.set(handle, label)
  }

  closed (handle: object): void {
    this.open.delete(handle)
  }

  labels (): readonly string[] {
    return [...this.open.values()]
  }
}
