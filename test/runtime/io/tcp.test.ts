import { tcpPort } from '../../../src/runtime/io/tcp.js'
import { realWorld } from './real-world.js'
import { portContract } from './port-contract.js'

/** TCP is told of nothing while it does not read. When `lends` fails, a Node has changed what `adopt` relies upon. */
const traits = { lends: true, resets: true, watchesPaused: false }

const noAddresses = ['127.0.0.1', '127.0.0.1:x', ':1', '127.0.0.1:70000', '::1:80', 'localhost:80', '[127.0.0.1:80', 'unix:/tmp/x']

describe('tcp port, IPv4', () => {
  portContract(() => realWorld(system => tcpPort(system), '127.0.0.1:0'), traits, {
    noAddresses, nobody: '127.0.0.1:1', notLocal: '192.0.2.77:0', form: /^127\.0\.0\.1:\d+$/
  })
})

describe('tcp port, IPv6', () => {
  portContract(() => realWorld(system => tcpPort(system), '[::1]:0'), traits, {
    noAddresses, nobody: '[::1]:1', notLocal: '[2001:db8::77]:0', form: /^\[::1\]:\d+$/
  })
})
