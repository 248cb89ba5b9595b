/** Verifies an imported bcrypt hash. Its JavaScript takes up to seconds of computing. */
import { compute } from './hash-thread.ts'

/** Each step doubles the time; nobody imports hashes beyond this, and an answer would come too late. */
const costMost = 15

export async function verifyBcrypt(password: string, hash: string): Promise<boolean> {
  const parts = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)
  if (parts === null || Number(parts[1]) > costMost) return false
  return compute({ kind: 'bcrypt', password, hash: hash.replace(/^\$2[xy]\$/, '$2b$') })
}
