/** Bytes on disk for as long as they are read in any order: the index of a zip file stands at its end. */
import { randomUUID } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, type ZipSource } from 'dataferry/sdk'

export interface Spooled extends ZipSource {
  discard(): Promise<void>
}

/** In a file that only this process can read, in the data folder. */
export async function spool(bytes: AsyncIterable<Uint8Array>, dataDir: string): Promise<Spooled> {
  const folder = join(dataDir, 'spool')
  makeFolder(folder, 0o700)
  const file = join(folder, randomUUID())
  const handle = await open(file, 'wx+', 0o600)
  // An open file outlives its name, and nothing is left when the process ends. Where that can't be, it goes with `discard`.
  await unlink(file).catch(() => {})
  const discard = async (): Promise<void> => {
    await handle.close()
    await unlink(file).catch(() => {})
  }
  let size = 0
  try {
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten
      size += chunk.length
    }
  } catch (error) {
    await discard()
    throw error
  }
  return {
    size,
    discard,
    async read(offset, length) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    },
  }
}
