/**
 * Texts and lists of texts that most peers say alike, each kept once: their protocols above all, half a kilobyte for every peer.
 * Bound: so many lists and texts as `most`; then those that came first are forgotten, which costs memory and nothing else.
 */
export class SharedTexts {
  private readonly most: number
  private readonly texts = new Map<string, string>()
  private readonly lists = new Map<string, readonly string[]>()

  constructor (most = 256) {
    this.most = most
  }

  text<T extends string | undefined> (text: T): T {
    return text === undefined ? text : this.shared(this.texts, text, text) as T
  }

  /** None of the texts has a line feed. */
  list (list: readonly string[]): readonly string[] {
    return this.shared(this.lists, list.join('\n'), Object.freeze(list))
  }

  private shared<V> (known: Map<string, V>, key: string, value: V): V {
    const before = known.get(key)
    if (before !== undefined) return before
    const [oldest] = known.keys()
    if (known.size >= this.most && oldest !== undefined) known.delete(oldest)
    known.set(key, value)
    return value
  }
}
