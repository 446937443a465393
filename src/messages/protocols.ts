/** The supervisor of what protocols keep running beside their streams: `/node/protocols`. */
export type ProtocolsMessage =
  /** From: facade, once the protocol stands in the table. Its service is started under this name and kept alive. */
  | { readonly type: 'service.start', readonly name: string }
  /** From: facade, when the protocol was taken off. Late: ignored. */
  | { readonly type: 'service.stop', readonly name: string }
