/** What a file service tells of itself for an OpenAPI document (control-plane 6, 9). */
import type { Json, OpenApiPart } from 'dataferry/sdk'

const text = { type: 'string' }
const flag = (name: string, description: string, otherwise = false): Json => ({
  name,
  in: 'query',
  description,
  schema: { type: 'boolean', default: otherwise },
})
const word = (name: string, description: string): Json => ({ name, in: 'query', description, schema: text })
const header = (name: string, description: string): Json => ({ name, in: 'header', description, schema: text })
const json = (schema: Json): Json => ({ 'application/json': { schema } })
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const oneOf = (...of: readonly Json[]): Json => ({ oneOf: of })
const bytes = { type: 'string', format: 'binary' }
const form = {
  type: 'object',
  properties: { 'files[]': { type: 'array', items: bytes } },
}

const uploads = [
  word('url', 'A public http or https URL to fetch the file from, instead of a body.'),
  word('filename', 'The name of the file that is fetched; else the last part of its URL.'),
  flag('extract', 'A zip file is unpacked into the folder, not stored.'),
  flag('clean', 'With extract: the folder is emptied first.'),
  flag('check_exist', 'A file that is there already is an error, not replaced.'),
  flag('return_extracted', 'With extract: lists what was unpacked.'),
]

const listing = {
  get: {
    summary: 'List the folder.',
    parameters: [
      flag('include_folders', 'Folders are listed.', true),
      flag('include_files', 'Files are listed.', true),
      flag('full_tree', 'What is in folders below is listed too.'),
      flag('include_properties', 'The properties of the folder are told beside the list.'),
      flag('as_list', 'Paths alone.'),
      word('fields', 'Names of the properties that are shown, between commas.'),
      word('search', 'Only entries whose names hold this text.'),
      flag('zip', 'The folder as a zip file.'),
    ],
    responses: {
      200: {
        description: 'The entries of the folder, or a zip file.',
        content: {
          'application/json': { schema: ref('FolderResponse') },
          'application/zip': { schema: bytes },
        },
      },
    },
  },
}

const createIn = (verb: string): Json => ({
  summary: `${verb} files and folders in the folder.`,
  description:
    'The body is the bytes of one file (named by a header), a form with files, or a list of files and folders to make or copy. Without a body the folder itself is made.',
  parameters: [
    header('X-File-Name', 'The name of the one file that the body is.'),
    header('X-Folder-Name', 'The name of a folder to make.'),
    ...uploads,
  ],
  requestBody: {
    content: {
      'application/json': { schema: ref('FolderRequest') },
      'multipart/form-data': { schema: form },
      'application/octet-stream': { schema: bytes },
    },
  },
  responses: {
    201: { description: 'Created', content: json(oneOf(ref('FileEntry'), ref('FolderResponse'))) },
  },
})

const writeFile = (verb: string): Json => ({
  summary: `${verb} the file.`,
  parameters: [
    ...uploads,
    header('If-Match', 'Writes only when the file still has this entity tag.'),
    header('If-None-Match', '`*`: writes only when there is no file.'),
  ],
  requestBody: {
    content: { 'application/octet-stream': { schema: bytes }, 'multipart/form-data': { schema: form } },
  },
  responses: { 201: { description: 'Stored', content: json(ref('FileEntry')) } },
})

const removal = (summary: string, more: readonly Json[]): Json => ({
  summary,
  parameters: [flag('no_check', 'Deleting what is not there is no error.'), ...more],
  responses: { 200: { description: 'Deleted', content: json(oneOf(ref('FileEntry'), ref('FolderResponse'))) } },
})

const force = flag('force', 'Deletes a folder that is not empty.')
const contentOnly = flag('content_only', 'Deletes what is in the folder, and keeps it.')
const path = (name: string, description: string): Json => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: text,
})

export const filesPart: OpenApiPart = {
  paths: {
    '/': {
      ...listing,
      post: createIn('Create'),
      put: createIn('Replace'),
      delete: {
        ...(removal('Delete the files and folders that the body names.', [force]) as object),
        requestBody: { required: true, content: json(ref('FolderRequest')) },
      },
    },
    '/{folder_path}/': {
      parameters: [path('folder_path', 'The path of a folder. It ends with a slash.')],
      ...listing,
      post: createIn('Create'),
      put: createIn('Replace'),
      delete: {
        ...(removal('Delete the folder, or what the body names of it.', [force, contentOnly]) as object),
        requestBody: { content: json(ref('FolderRequest')) },
      },
    },
    '/{file_path}': {
      parameters: [path('file_path', 'The path of a file.')],
      get: {
        summary: 'Download the file.',
        parameters: [
          flag('download', 'A browser saves the file instead of showing it.'),
          flag('include_properties', 'The properties of the file instead of its bytes.'),
          flag('content', 'With include_properties: the bytes too, in base64.'),
          flag('check_exist', 'The properties of the file, to see whether it is there.'),
          header('Range', 'A part of the file, such as `bytes=0-99`.'),
        ],
        responses: {
          200: { description: 'The file.', content: { '*/*': { schema: bytes } } },
          206: { description: 'A part of the file.', content: { '*/*': { schema: bytes } } },
          304: { description: 'The file is as the client has it.' },
        },
      },
      post: writeFile('Create'),
      put: writeFile('Replace'),
      delete: removal('Delete the file.', []),
    },
  },
  schemas: {
    FileEntry: {
      type: 'object',
      properties: {
        path: text,
        name: text,
        type: { type: 'string', enum: ['file', 'folder'] },
        content_type: text,
        content_length: { type: 'integer', format: 'int64' },
        last_modified: text,
      },
    },
    FolderResponse: {
      type: 'object',
      properties: { resource: { type: 'array', items: ref('FileEntry') } },
    },
    FolderRequest: {
      type: 'object',
      properties: {
        resource: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: text,
              path: text,
              type: { type: 'string', enum: ['file', 'folder'] },
              content: text,
              is_base64: { type: 'boolean', default: false },
              source_path: { type: 'string', description: 'A file or folder to copy.' },
              delete_source: { type: 'boolean', default: false, description: 'Moves it.' },
            },
          },
        },
      },
    },
  },
}
