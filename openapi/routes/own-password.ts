/** My own password. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { changeOwnPassword, type OwnPasswordDeps } from '../../connector/access/own-password.js'
import { callerOf } from '../access.js'
import { PROBLEMS } from '../problem.js'

const Password = Type.String({ minLength: 1, maxLength: 1_000 })

export interface OwnPasswordRoutesDeps {
  ownPassword: OwnPasswordDeps
}

export const ownPasswordRoutes: FastifyPluginAsyncTypebox<OwnPasswordRoutesDeps> = async (
  app,
  { ownPassword: deps },
) => {
  app.put(
    '/auth/password',
    {
      config: { access: 'signed-in' },
      schema: {
        operationId: 'changeOwnPassword',
        tags: ['auth'],
        summary: 'Change my password; my other sessions end',
        body: Type.Object(
          { formerPassword: Password, password: Password },
          { additionalProperties: false, examples: [{ formerPassword: '…', password: '…' }] },
        ),
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      await changeOwnPassword(deps, callerOf(request), request.body)
      return reply.code(204).send(null)
    },
  )
}
