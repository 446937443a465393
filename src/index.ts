// The front door. Until there is a node to create, the runtime is all there is to offer.
export * from './runtime.js'
