/** The configuration of a local file service (control-plane 5.3), and the folder that it means. */
import { isAbsolute, join, normalize, resolve, sep } from 'node:path'
import { BadRequest, type ConfigSchema, type ConfigValues } from 'dataferry/sdk'
import { pathOf } from './paths.ts'

export const fileConfig: ConfigSchema = [
  {
    name: 'public_path',
    label: 'Public Path',
    type: 'array',
    items: 'string',
    column: true,
    description: 'Folders and files that everybody may read, at /{service}/{path} of this server, without credentials.',
  },
  {
    name: 'container',
    label: 'Root Folder',
    type: 'text',
    column: true,
    description: 'The folder of the service: a name in the storage folder of this server, or an absolute path.',
  },
]

/** Folders of the system, which no service may have for its root, nor anything below them. */
const systemFolders = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr/bin',
  '/usr/lib',
  '/usr/sbin',
]

/** Throws BadRequest that says what to change. */
export function checkFileConfig(config: ConfigValues): void {
  const container = containerOf(config)
  if (isAbsolute(container)) refuseSystem(resolve(container))
  publicPaths(config)
}

/** The absolute folder of a configuration; `root` is where names are, `dataDir` what of the server's own is kept from all. */
export function folderOf(config: ConfigValues, root: string, dataDir: string): string {
  const container = containerOf(config)
  const folder = resolve(isAbsolute(container) ? container : join(root, container))
  refuseSystem(folder)
  refuseOwn(folder, root, dataDir)
  return folder
}

/** Throws BadRequest for a folder of the system, as it is named or as it turned out to be behind links. */
export function refuseSystem(folder: string): void {
  const path = folder.toLowerCase()
  const isSystem = systemFolders.some((each) => path === each || path.startsWith(`${each}/`))
  if (isSystem || /^(?:[a-z]:)?[\\/]*$/i.test(folder) || /^[a-z]:\\windows(?:\\|$)/i.test(folder))
    throw new BadRequest(`Invalid root directory: ${folder} is not allowed.`)
}

/** The system store and the keys lie in the data folder: no service may reach them. */
export function refuseOwn(folder: string, root: string, dataDir: string): void {
  const isStorage = isInside(root, dataDir) && root !== dataDir && isInside(folder, root)
  if (isInside(dataDir, folder) || (isInside(folder, dataDir) && !isStorage))
    throw new BadRequest('Invalid root directory: it holds the data of this server. Use another one.')
}

const isInside = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

function containerOf({ container = null }: ConfigValues): string {
  const given = typeof container === 'string' ? container.trim() : ''
  if (given === '') throw new BadRequest('The root folder (container) of a file service is required.')
  if (given.includes('\0')) throw new BadRequest('The root folder can not hold a zero character.')
  if (isAbsolute(given)) return given
  const inside = normalize(given)
  if (inside === '.' || inside === '..' || inside.startsWith(`..${sep}`))
    throw new BadRequest('A relative root folder must be a folder inside of the storage folder.')
  return inside
}

/** Each as its segments; an entry without any would publish everything, and is refused. */
export function publicPaths({ public_path = null }: ConfigValues): readonly (readonly string[])[] {
  if (public_path === null) return []
  if (!Array.isArray(public_path)) throw new BadRequest("The setting 'public_path' (Public Path) must be a list.")
  return public_path
    .filter((entry) => entry !== null && entry !== '')
    .map((entry) => {
      const path = pathOf(String(entry))
      if (path.length === 0) throw new BadRequest('A public path must be a folder or file inside of the root folder.')
      return path
    })
}
