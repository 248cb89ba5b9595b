/** `dataferry config`: what every setting is, and who set it. Secrets are not shown. */
import { explain, type Source } from '../../config/index.ts'
import { redact } from '../observe.ts'
import type { Outcome } from '../plugins/commands.ts'
import type { Json } from '../plugins/contract.ts'

const mask = '**********'

/** Throws ConfigError where the configuration can't be used. */
export function configuration(onlySet: boolean, source?: Source): Outcome {
  const shown = explain(source)
    .filter(({ origin }) => !onlySet || origin.from !== 'default')
    .map(({ setting, value, origin }) => ({
      setting: setting.env,
      value: shownValue(setting.secret, value),
      from: origin.from,
      name: origin.name,
    }))
  const width = Math.max(0, ...shown.map((each) => each.setting.length))
  const lines = shown.map(({ setting, value, from, name }) => {
    const by = name === null || name === setting ? from : `${from}, as ${name}`
    return `${setting.padEnd(width)} = ${textOf(value)}   (${by})`
  })
  return { value: shown, text: lines.length === 0 ? 'Everything is as by default.' : lines.join('\n') }
}

/** Passwords inside of addresses are not shown either. */
function shownValue(isSecret: boolean, value: unknown): Json {
  if (value === null || value === undefined) return null
  if (isSecret) return mask
  return Array.isArray(value) ? value.map((each) => redact(String(each)) as Json) : (redact(value) as Json)
}

const textOf = (value: Json): string =>
  value === null ? 'not set' : Array.isArray(value) ? value.join(',') : String(value)
