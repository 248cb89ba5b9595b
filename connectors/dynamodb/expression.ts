/** An expression in the making: names and values stand in it by placeholders, so that no word is reserved and no name is syntax. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { valueText } from './values.ts'

export interface Placeholders {
  readonly ExpressionAttributeNames?: { [name: string]: string }
  readonly ExpressionAttributeValues?: { [name: string]: AttributeValue }
}

export class Expression {
  readonly #names = new Map<string, string>()
  readonly #values = new Map<string, readonly [string, AttributeValue]>()

  name(name: string): string {
    const found = this.#names.get(name) ?? `#n${this.#names.size}`
    this.#names.set(name, found)
    return found
  }

  path(segments: readonly string[]): string {
    return segments.map((each) => this.name(each)).join('.')
  }

  value(value: AttributeValue): string {
    const text = JSON.stringify(Object.keys(value)) + valueText(value)
    const found = this.#values.get(text) ?? ([`:v${this.#values.size}`, value] as const)
    this.#values.set(text, found)
    return found[0]
  }

  /** Those of the texts: what is used must be given, and nothing else. */
  placeholders(...texts: readonly string[]): Placeholders {
    const used = new Set(texts.flatMap((text) => text.match(/[#:][nv]\d+/g) ?? []))
    const names = [...this.#names].flatMap(([name, as]) => (used.has(as) ? [[as, name] as const] : []))
    const values = [...this.#values.values()].filter(([as]) => used.has(as))
    return {
      ...(names.length === 0 ? {} : { ExpressionAttributeNames: Object.fromEntries(names) }),
      ...(values.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(values) }),
    }
  }
}
