/** What a broker can be at fault with at start, said so that an operator can act. */

/**
 * AMQ-unreachable  nothing answers at AMQP_URL within the time for starting
 * AMQ-refused      the broker answers and says no: user, password, virtual host, or AMQP_URL itself
 * AMQ-unsuitable   an exchange or queue of ours exists with other properties
 */
export type BrokerFaultCode = 'AMQ-unreachable' | 'AMQ-refused' | 'AMQ-unsuitable'

export class BrokerFault extends Error {
  override name = 'BrokerFault'
  readonly code: BrokerFaultCode
  readonly messageEn: string

  constructor(code: BrokerFaultCode, text: { message: string; messageEn: string }, cause?: unknown) {
    super(text.message, { cause })
    this.code = code
    this.messageEn = text.messageEn
  }
}
