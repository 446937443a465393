/** js-libp2p 3 needs `Promise.withResolvers`, which Node 20 lacks. Loaded with `--import` before anything of it. */
if (!('withResolvers' in Promise)) {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: function withResolvers () {
      let resolve: unknown, reject: unknown
      const promise = new Promise((onResolve, onReject) => { resolve = onResolve; reject = onReject })
      return { promise, resolve, reject }
    }
  })
}
