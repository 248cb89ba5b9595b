/** Bytes that come in pieces as a whole, and the other way round. */

/**
 * At most `most` bytes: more is the error that `tooLong` makes, and the rest is let go of. Without them whoever made the bytes has
 * bounded them.
 */
export async function collect(
  bytes: AsyncIterable<Uint8Array>,
  most = Number.POSITIVE_INFINITY,
  tooLong: () => Error = () => new RangeError(`there are more than ${most} bytes`),
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of bytes) {
    size += part.length
    if (size > most) throw tooLong()
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

/** A whole as its only piece. */
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
