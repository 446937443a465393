/** multistream-select 1.0, as those need it who must not know its code: `compose.ts` hands it to them. */
import type { Negotiation } from '../contract/negotiation.js'
import { MultistreamInitiatorCore } from './multistream-initiator.core.js'
import { MultistreamResponderCore } from './multistream-responder.core.js'

export const multistream: Negotiation = {
  propose: options => new MultistreamInitiatorCore(options),
  answer: options => new MultistreamResponderCore(options)
}
