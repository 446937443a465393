/** What a handle is called, or who says it when he is asked: of ten thousand links nobody ever wants to know. */
export type Label = string | { readonly label: string }

/**
 * What a system holds open in the outside world: sockets, listeners, simulated links. Each port counts what it opens here
 * and takes it off when it is closed, whoever owns it and whether or not anybody still knows of it: that is how a leak shows.
 */
export class Handles {
  private readonly open = new Map<object, Label>()

  get size (): number {
    return this.open.size
  }

  /** Counts `handle` as open; `label` says what it is, for the ledger. */
  opened (handle: object, label: Label): void {
    this.open.set(handle, label)
  }

  closed (handle: object): void {
    this.open.delete(handle)
  }

  labels (): readonly string[] {
    return [...this.open.values()].map(label => typeof label === 'string' ? label : label.label)
  }
}
