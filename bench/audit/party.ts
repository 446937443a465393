/** What the audit needs of a stack; both are driven in this one way. */
export interface Party {
  /** Serves the protocol; each piece that comes is given to `onBytes` by the code that reads. @returns what to dial */
  serve (onBytes: (bytes: Uint8Array) => void): Promise<string>
  dial (address: string): Promise<unknown>
  /** On the connection that was dialed. */
  open (address: string): Promise<Outlet>
  stop (): Promise<void>
}

export interface Outlet {
  /** Resolves when there is room for more. */
  write (bytes: Uint8Array): Promise<void>
  close (): Promise<void>
}

export const auditProtocol = '/audit-path/1.0.0'
export const loopback = '/ip4/127.0.0.1/tcp/0'
