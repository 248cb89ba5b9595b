/** DynamoDB's faults in words that a client may see (data-plane 2.11): no host, no account, no key, no expression. */
import { WriteConflict } from 'dataferry/records'
import { ApiError, BadRequest, NotFound, ServiceUnavailable } from 'dataferry/sdk'

const unreachable = 'The database can not be reached.'
const tooLong = 'The request took too long in the database and was stopped.'

const throttled: ReadonlySet<string> = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionInProgressException',
])
const denied: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'TokenProviderError',
  'UnrecognizedClientException',
])

export const nameOfError = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : '')
export const isUnmet = (thrown: unknown): boolean => nameOfError(thrown) === 'ConditionalCheckFailedException'
export const isUnknownTable = (thrown: unknown): boolean => nameOfError(thrown) === 'ResourceNotFoundException'
/** The server has no such operation: not every one that speaks DynamoDB's language has transactions. */
export const isUnknownOperation = (thrown: unknown): boolean => nameOfError(thrown) === 'UnknownOperationException'

/** The server did nothing, because it was asked for too much. */
export const isThrottled = (thrown: unknown): boolean => throttled.has(nameOfError(thrown))

const statusOf = (thrown: unknown): number => {
  const metadata = thrown instanceof Error && '$metadata' in thrown ? thrown.$metadata : null
  return Number((metadata as { httpStatusCode?: number } | null)?.httpStatusCode ?? 0)
}

const isSocketError = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  (('code' in thrown && typeof thrown.code === 'string' && /^(?:E[A-Z]{3,}|ERR_\w+)$/.test(thrown.code)) ||
    thrown.name === 'NetworkingError' ||
    thrown.name === 'TimeoutError')

/** It may go better the next time; what was asked for may have been done. */
export const isTransient = (thrown: unknown): boolean =>
  isSocketError(thrown) || statusOf(thrown) >= 500 || nameOfError(thrown) === 'InternalServerError'

/** `stopped`: the time for it was over. */
export function dynamoError(thrown: unknown, stopped = false): Error {
  if (thrown instanceof ApiError) return thrown
  const cause = { cause: hushed(thrown) }
  if (stopped) return new ServiceUnavailable(tooLong, cause)
  const name = nameOfError(thrown)
  if (denied.has(name)) return new ServiceUnavailable('The database refuses the user of this service.', cause)
  if (isThrottled(thrown))
    return new ServiceUnavailable('The database has too much to do. Try again later.', {
      ...cause,
      headers: { 'Retry-After': '1' },
    })
  if (name === 'ResourceNotFoundException') return new NotFound('The table is not there any more.', cause)
  if (name === 'ResourceInUseException')
    return new BadRequest('The table is there already, or is being changed.', cause)
  if (name === 'ItemCollectionSizeLimitExceededException')
    return new BadRequest('Too many records have the same partition key.', cause)
  if (isUnmet(thrown) || name === 'TransactionConflictException') return conflict(thrown)
  if (name === 'TransactionCanceledException') return canceled(thrown, cause)
  if (name === 'ValidationException' || name === 'SerializationException') return invalid(thrown, cause)
  if (isTransient(thrown)) return new ServiceUnavailable(unreachable, cause)
  return new ServiceUnavailable('The database can not be used as this service is configured.', cause)
}

export const conflict = (thrown?: unknown): WriteConflict =>
  new WriteConflict('The record is being written by another request. Try again.', thrown)

function canceled(thrown: unknown, cause: { readonly cause: unknown }): Error {
  const reasons = (thrown as { readonly CancellationReasons?: readonly { readonly Code?: string }[] })
    .CancellationReasons
  const codes = new Set((reasons ?? []).map(({ Code }) => Code))
  if (codes.has('ValidationError')) return new BadRequest('The database does not accept a value of the request.', cause)
  if (codes.has('ItemCollectionSizeLimitExceeded'))
    return new BadRequest('Too many records have the same partition key.', cause)
  if (codes.has('ProvisionedThroughputExceeded') || codes.has('ThrottlingError'))
    return new ServiceUnavailable('The database has too much to do. Try again later.', cause)
  return conflict(thrown)
}

function invalid(thrown: unknown, cause: { readonly cause: unknown }): Error {
  const message = thrown instanceof Error ? thrown.message : ''
  if (/size has exceeded|exceeded the maximum allowed size/i.test(message))
    return new BadRequest('The record is too large: a table holds records of 400 KB at most.', cause)
  if (/empty string/i.test(message))
    return new BadRequest('A part of the key is empty, or the database does not hold empty texts.', cause)
  if (/key/i.test(message) && /type mismatch|does not match the schema/i.test(message))
    return new BadRequest('The key of the record is of another type than the key of the table.', cause)
  return new BadRequest('The database does not accept a value of the request.', cause)
}

/** What logs may tell of it: the driver's errors hold the whole exchange, headers among it. */
function hushed(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown
  const told = new Error(thrown.message.replace(/arn:aws\S*/g, '...'))
  told.name = thrown.name
  if (thrown.stack !== undefined) told.stack = thrown.stack.replace(/arn:aws\S*/g, '...')
  return told
}
