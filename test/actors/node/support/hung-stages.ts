/** Where peers may hang, from the first byte to the last. */
export const hungStages = ['tcp', 'multistream', 'noise 1', 'noise 2', 'noise 3', 'muxer', 'stream', 'stream negotiation', 'handler'] as const

export type HungStage = typeof hungStages[number]

/** Its handler never returns, and looks at no signal. */
export const deafProtocol = '/test/deaf/1.0.0'
