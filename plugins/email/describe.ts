/** What a mail service tells of itself for an OpenAPI document (control-plane 6, 10.1). */
import type { Json, OpenApiPart } from 'dataferry/sdk'

const text = { type: 'string' }
const addresses = {
  type: 'array',
  items: {
    type: 'object',
    properties: { name: text, email: { type: 'string', format: 'email' } },
    required: ['email'],
  },
}
const content = (schema: Json): Json => ({ 'application/json': { schema } })

export const emailPart: OpenApiPart = {
  paths: {
    '/': {
      post: {
        summary: 'Send a mail.',
        description: 'Of a template, or of the texts that the body has.',
        parameters: [
          { name: 'template', in: 'query', description: 'The name of a template.', schema: text },
          {
            name: 'template_id',
            in: 'query',
            description: 'The id of a template.',
            schema: { type: 'integer', format: 'int32' },
          },
        ],
        requestBody: { required: true, content: content({ $ref: '#/components/schemas/EmailRequest' }) },
        responses: {
          200: { description: 'Success', content: content({ $ref: '#/components/schemas/EmailResponse' }) },
        },
      },
    },
  },
  schemas: {
    EmailRequest: {
      type: 'object',
      properties: {
        template: text,
        template_id: { type: 'integer', format: 'int32' },
        to: addresses,
        cc: addresses,
        bcc: addresses,
        subject: text,
        body_text: text,
        body_html: text,
        from_name: text,
        from_email: text,
        reply_to_name: text,
        reply_to_email: text,
        attachment: {
          type: 'array',
          description: 'Files to send along: of a file service, at a public URL, or with their content.',
          items: {
            oneOf: [
              { type: 'string', format: 'uri' },
              { type: 'object', properties: { service: text, path: text }, required: ['service', 'path'] },
              {
                type: 'object',
                properties: { name: text, content: text, is_base64: { type: 'boolean', default: false } },
                required: ['name', 'content'],
              },
            ],
          },
        },
      },
    },
    EmailResponse: {
      type: 'object',
      properties: { count: { type: 'integer', description: 'The number of recipients.' } },
    },
  },
}
