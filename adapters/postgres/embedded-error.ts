/** The embedded server cannot run here; the message tells what to do instead. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
  readonly code = 'EMB-postgres'
  readonly messageEn: string

  constructor(message: string, messageEn: string, options?: ErrorOptions) {
    super(message, options)
    this.messageEn = messageEn
  }
}
