/** What the file system refuses, in words that a client may see: without a path of the machine. */
import { ApiError, BadRequest, NotFound, ServiceUnavailable } from 'dataferry/sdk'

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** An error of the file system as an ApiError; any other one as it is. */
export function diskError(cause: unknown): unknown {
  if (cause instanceof ApiError || !(cause instanceof Error) || !('syscall' in cause)) return cause
  if (isCode(cause, 'ENOSPC', 'EDQUOT')) return new ApiError(507, 'The storage is full.', { cause })
  if (isCode(cause, 'ENAMETOOLONG')) return new BadRequest('The path is too long.', { cause })
  if (isCode(cause, 'EISDIR', 'ENOTEMPTY', 'EEXIST'))
    return new BadRequest('There is a folder of this name, or something else that can not be replaced.', { cause })
  if (isCode(cause, 'ENOENT', 'ENOTDIR', 'ELOOP'))
    return new NotFound('The file or its folder is not there any more.', { cause })
  if (isCode(cause, 'EACCES', 'EPERM', 'EROFS'))
    return new ServiceUnavailable('The server may not do this in the root folder of the service.', { cause })
  return new ServiceUnavailable('The storage does not work at the moment.', { cause })
}
