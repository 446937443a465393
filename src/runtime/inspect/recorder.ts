/** One remembered message. */
export interface Remembered {
  readonly type: string
  /** Whole milliseconds of the system's time. */
  readonly atMs: number
}

const slots = 8

/**
 * The flight recorder of one actor: type and time of its last eight messages, no payloads. One flat array, because each
 * actor that ever handled a message has one.
 */
export class Recorder {
  private readonly ring: Array<string | number> = new Array<string | number>(2 * slots).fill(0)
  private next = 0

  note (type: string, atMs: number): void {
    const { ring, next } = this
    ring[next] = type
    ring[next + 1] = atMs
    this.next = (next + 2) & (2 * slots - 1)
  }

  /** Oldest first. */
  read (): readonly Remembered[] {
    const { ring, next } = this
    const list: Remembered[] = []
    for (let i = 0; i < 2 * slots; i += 2) {
      const at = (next + i) & (2 * slots - 1)
      const type = ring[at]
      if (typeof type === 'string') list.push({ type, atMs: ring[at + 1] as number })
    }
    return list
  }
}
