/** Two nodes with a store in MariaDB or MySQL that tell each other nothing: each looks what the other changed. */
import { twoNodes } from './changes.ts'

await twoNodes('mysql', false)
