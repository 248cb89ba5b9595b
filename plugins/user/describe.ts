/** What the user service tells of itself for an OpenAPI document (control-plane 1 and 6). */
import type { Json, OpenApiPart } from 'dataferry/sdk'

const text = { type: 'string' }
const flag = { type: 'boolean' }
const object = (properties: { readonly [name: string]: Json }): Json => ({ type: 'object', properties })
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const content = (schema: Json): Json => ({ 'application/json': { schema } })

function operation(summary: string, answer: Json, body?: Json): Json {
  return {
    summary,
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body) } }),
    responses: { 200: { description: 'Success', content: content(answer) } },
  }
}

const success = ref('Success')
const values = ref('CustomValues')
const names = ['name', 'first_name', 'last_name', 'email', 'phone', 'security_question'] as const
const profile = Object.fromEntries(names.map((name) => [name, { type: ['string', 'null'] }]))

const session = {
  get: operation('Who is signed in.', ref('Session')),
  post: operation('Sign in.', ref('Session'), ref('Login')),
  put: operation('Exchange the session token for a new one.', ref('Session')),
  delete: operation('Sign out.', success),
}

const custom = {
  get: operation('Read your own values.', values),
  post: operation('Set values.', values, values),
  put: operation('Set values.', values, values),
  patch: operation('Set values.', values, values),
  delete: operation('Delete values.', values),
}

/** No tables are asked for it. */
export const userPart: OpenApiPart = {
  paths: {
    '/': { get: { summary: 'List the resources.' } },
    '/password': { post: operation('Change or reset a password.', success, ref('PasswordChange')) },
    '/profile': {
      get: operation('Read your profile.', ref('Profile')),
      post: operation('Change your profile.', success, ref('Profile')),
    },
    '/register': { post: operation('Register as a new user.', success, ref('Registration')) },
    '/session': session,
    '/custom': custom,
    '/custom/{id}': {
      get: operation('Read one value.', {}),
      put: operation('Set one value.', {}, {}),
      patch: operation('Set one value.', {}, {}),
      delete: operation('Delete one value.', {}),
    },
  },
  schemas: {
    Login: object({ email: text, username: text, password: text, remember_me: flag }),
    Session: object({
      session_token: text,
      session_id: text,
      id: { type: 'integer', format: 'int32' },
      name: text,
      first_name: { type: ['string', 'null'] },
      last_name: { type: ['string', 'null'] },
      email: text,
      is_sys_admin: flag,
      last_login_date: { type: ['string', 'null'] },
      host: text,
      role: { type: ['string', 'null'] },
      role_id: { type: ['integer', 'null'], format: 'int32' },
    }),
    PasswordChange: object({
      old_password: text,
      new_password: text,
      email: text,
      username: text,
      code: text,
      security_answer: text,
    }),
    Profile: object(profile),
    Registration: object({ ...profile, password: text, new_password: text }),
    CustomValues: { type: 'object', additionalProperties: true },
  },
}
