/**
 * A raw link: two ends of a reliable, ordered stream of bytes each way, not secured and not muxed. TCP sockets, simulated
 * links and whatever else carries bytes between machines have this one shape, so that what is above them cannot tell
 * them apart. This page is the contract; every port keeps to all of it.
 *
 * **Who may call.** One owner at a time, from any stack; a link travels between actors as the `handle` of a message. All
 * methods may be called inside the callbacks.
 *
 * **Callbacks.** They are called one at a time, never in the stack of a call to the link, and come from outside of any
 * actor: an actor wraps each in `actor.io(...)`, so that a throw crashes it and nothing else. The order is: any number of
 * `onData` and `onDrain`, at most one `onEnd` behind the last `onData`, exactly one `onClose`, then nothing for ever. After
 * one's own `reset()` or disposal nothing comes at all, not even what had happened already: callbacks report what the
 * other side or the network did.
 *
 * **Nothing is lost while nobody listens.** Until `attach`, after `detach` and while paused no data and no end is
 * delivered; what arrives waits, up to the receive window, and then the remote's `write` finds no room. That the link is
 * closed is told in spite of `pause`, and to whoever attaches, if nobody was attached before; but a port may not know of it
 * while it does not read (TCP).
 *
 * **Bytes are views, and belong to one at a time.** What is passed to `write` belongs to the link from the call on: the
 * caller must not change it any more. What `onData` gets belongs to the receiver, who may change it in place and keep it;
 * but when `lends` is true, only until the callback returns: then the port reads into that memory again, and whoever
 * wants to keep any of it must copy it. A view may be a small part of a large buffer: to keep a few bytes for long, copy.
 * Borders of writes mean nothing: they arrive in pieces of any size.
 *
 * **After the end.** Once closed by the remote or the network, every method is a no-op and `write` returns false: who
 * writes cannot know yet. `write` after one's own `end()` is a mistake and throws.
 */
export interface RawLink extends Disposable {
  /** `10.0.0.1:4001`, `[::1]:4001`: our end. Other kinds of ports have addresses of their own form. */
  readonly localAddress: string
  readonly remoteAddress: string
  /** Bytes delivered to `onData` so far. */
  readonly bytesRead: number
  /** Bytes accepted by `write` so far. */
  readonly bytesWritten: number
  /** Of those, bytes that wait at this end because the network takes no more. */
  readonly bufferedBytes: number
  /** What `onData` gets is only lent. Never changes. */
  readonly lends: boolean
  /** Closed for both directions, by whomever; `onClose` may still be to come. */
  readonly closed: boolean

  /** Sets who listens, in place of who did, and lets data come unless paused. Counts as taking the link (see `handOver`). */
  attach (listener: LinkListener): void
  /** From now on nobody listens: for the way to another owner. */
  detach (): void

  /**
   * Sends `bytes` behind what was written before. They are always accepted, and leave as soon as the network takes them.
   *
   * @param sole the buffer under `bytes` holds nothing else, and nobody else has it: the link may give its memory back once it
   *   was sent, so that it need not wait for the garbage collector. Default false
   * @returns true when there is room for more; false when the writer should wait for `onDrain` (or the link is closed)
   * @throws TypeError for anything but a Uint8Array; Error after `end()`
   */
  write (bytes: Uint8Array, sole?: boolean): boolean
  /** Half-closes, behind all that was written. A second call does nothing. The link closes by itself once both sides have ended. */
  end (): void
  /** Ends it abruptly, at once and for both directions. Unsent and unread data is lost; the remote sees a reset. */
  reset (): void
  /** `reset()`, unless it is closed already: a link must never be left behind open. */
  [Symbol.dispose] (): void

  /** Stops data and end from being delivered, now, even in the midst of what was read at once. */
  pause (): void
  resume (): void
}

/** Who listens to a link. Of an actor: each wrapped by `actor.io`. */
export interface LinkListener {
  readonly onData: (bytes: Uint8Array) => void
  /** The remote has ended; we may still write. */
  readonly onEnd?: () => void
  /** There is room again after a `write` that had found none: at most half of the high-water mark waits. */
  readonly onDrain?: () => void
  /** It is over, and everything that can be known of it has been told. `error` is the system's own, where there is one. */
  readonly onClose: (reason: LinkCloseReason, error?: Error) => void
}

/**
 * - `ended`: both sides have ended, the remote's data was delivered, ours was given to the network.
 * - `reset`: the remote, or something on the way, has ended it abruptly.
 * - `timed-out`: what we sent was not acknowledged for too long.
 * - `failed`: anything else that the system may report; the error says what.
 */
export type LinkCloseReason = 'ended' | 'reset' | 'timed-out' | 'failed'

/** Why there is no link, or no listener. */
export interface LinkFailure {
  /**
   * - `refused`: nobody listens there.
   * - `unreachable`: no way leads to that host.
   * - `timed-out`: no answer, neither good nor bad, before the deadline.
   * - `in-use`: somebody listens on that address already.
   * - `not-local`: listening on an address that this machine does not have.
   * - `forbidden`: the operating system does not let this process do that.
   * - `failed`: anything else; the cause says what.
   */
  readonly code: 'refused' | 'unreachable' | 'timed-out' | 'in-use' | 'not-local' | 'forbidden' | 'failed'
  readonly address: string
  readonly cause?: Error
}

/**
 * Where links come from: one of a kind per system, given to actors at spawn. `tcpPort`, `unixPort` and the `port` of a
 * `MemoryHub` make real ones; `SimHost.port` makes simulated ones. An address is `host:port`, the host of an IPv6 address
 * in brackets; other kinds of ports have addresses of their own form.
 *
 * Whatever is opened is counted in the system's `handles` until it is closed.
 */
export interface LinkPort {
  /**
   * Listens. To be owned (`actor.own`): disposing it closes the listener, and leaves accepted links alone.
   *
   * @param address the port may be 0 for any free one, the host `0.0.0.0` or `[::]` for all addresses of a kind
   * @throws TypeError for an address that is none
   */
  listen (address: string, listener: ListenListener): Disposable
  /**
   * Connects. To be owned: disposing it before the outcome gives up, and no callback comes; afterwards it does nothing.
   *
   * @throws TypeError for an address that is none, RangeError for a wrong option
   */
  connect (address: string, outcome: ConnectListener, options?: ConnectOptions): Disposable
}

/** Hears of a listener. Called from outside, as a link's callbacks: of an actor, each wrapped by `actor.io`. */
export interface ListenListener {
  /** It listens; `address` has the port that was chosen. */
  readonly onListening?: (address: string) => void
  /** Somebody has connected. The link is handed over: see `handOver`. */
  readonly onLink: (link: RawLink) => void
  /** It does not listen, or no more. Nothing comes after it. */
  readonly onFailure: (failure: LinkFailure) => void
}

/** Hears the outcome of a connect: exactly one of the two, later, never in the caller's stack. */
export interface ConnectListener {
  /** The link is handed over: see `handOver`. */
  readonly onLink: (link: RawLink) => void
  readonly onFailure: (failure: LinkFailure) => void
}

export interface ConnectOptions {
  /** How long to wait for an answer. Default 20,000 ms: enough for several repetitions of a lost first packet. */
  readonly timeoutMs?: number
}

export const defaultConnectTimeoutMs = 20_000
