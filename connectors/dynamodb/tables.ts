/** The tables: their names, their keys, and how they are made and dropped. */
import type { DynamoDB, TableDescription } from '@aws-sdk/client-dynamodb'
import type { NewKey } from 'dataferry/document'
import { type Column, openField, type SimpleType } from 'dataferry/records'
import { BadRequest, NotFound, ServiceUnavailable } from 'dataferry/sdk'
import type { KeyPart, Keys, KeyType } from './access.ts'
import { partsOf } from './access.ts'
import { type DynamoClient, waitFor } from './client.ts'
import { isUnknownTable } from './errors.ts'

export interface TableKeys {
  readonly name: string
  readonly keys: Keys
}

const types: { readonly [T in KeyType]: SimpleType } = { S: 'string', N: 'decimal', B: 'binary' }
const numbers: ReadonlySet<string> = new Set([
  'integer',
  'bigint',
  'smallint',
  'decimal',
  'float',
  'double',
  'money',
  'id',
])

export class Tables {
  readonly #client: DynamoClient
  readonly #numericIds: boolean
  readonly #known = new Map<string, Promise<TableKeys>>()

  constructor(client: DynamoClient, numericIds: boolean) {
    this.#client = client
    this.#numericIds = numericIds
  }

  async names(): Promise<readonly string[]> {
    const names: string[] = []
    let from: string | undefined
    do {
      const asked = from === undefined ? {} : { ExclusiveStartTableName: from }
      const found = await this.#client.ask((db, options) => db.listTables(asked, options), { again: true })
      names.push(...(found.TableNames ?? []))
      from = found.LastEvaluatedTableName
    } while (from !== undefined)
    return names
  }

  /** The keys of a table, as they were found last. */
  async keys(name: string): Promise<TableKeys> {
    const known = this.#known.get(name) ?? this.#described(name)
    this.#known.set(name, known)
    return known.catch((error: unknown) => {
      if (this.#known.get(name) === known) this.#known.delete(name)
      throw error
    })
  }

  /** As the table is now. */
  async columns(name: string): Promise<readonly Column[]> {
    this.#known.delete(name)
    const { keys } = await this.keys(name)
    const parts = partsOf(keys)
    return parts.map(({ name: path, type }) =>
      openField(path, {
        type: types[type],
        dbType: type,
        allowNull: false,
        isPrimaryKey: true,
        isUnique: parts.length === 1,
        ...(path === '_id' ? { label: 'Id' } : {}),
        ...(path === '_id' && type === 'S' && parts.length === 1 ? { autoIncrement: true } : {}),
      }),
    )
  }

  /** With the key `_id` where none is named. */
  async create(name: string, asked: readonly NewKey[] = []): Promise<void> {
    if (!/^[A-Za-z0-9_.-]{3,255}$/.test(name))
      throw new BadRequest('A table has a name of 3 to 255 letters, digits, underscores, dots and hyphens.')
    if (asked.length > 2)
      throw new BadRequest('A key has one or two fields: that of the partition, and that of the order in it.')
    const parts: readonly KeyPart[] =
      asked.length === 0
        ? [{ name: '_id', type: this.#numericIds ? 'N' : 'S' }]
        : asked.map(({ name: path, type }) => ({
            name: path,
            type: type === 'binary' ? 'B' : numbers.has(type) ? 'N' : 'S',
          }))
    await this.#client.ask((db, options) =>
      db.createTable(
        {
          TableName: name,
          AttributeDefinitions: parts.map((part) => ({ AttributeName: part.name, AttributeType: part.type })),
          KeySchema: parts.map((part, at) => ({ AttributeName: part.name, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
          BillingMode: 'PAY_PER_REQUEST',
        },
        options,
      ),
    )
    await this.#until(name, (table) => table?.TableStatus === 'ACTIVE')
  }

  async drop(name: string): Promise<void> {
    this.#known.delete(name)
    await this.#client.ask((db, options) => db.deleteTable({ TableName: name }, options))
    await this.#until(name, (table) => table === null)
    this.#known.delete(name)
  }

  async #described(name: string): Promise<TableKeys> {
    const table = await this.#describe(name)
    if (table === null) throw new NotFound('The table is not there any more.')
    const part = (role: 'HASH' | 'RANGE'): KeyPart | null => {
      const named = table.KeySchema?.find(({ KeyType }) => KeyType === role)?.AttributeName
      const type = table.AttributeDefinitions?.find(({ AttributeName }) => AttributeName === named)?.AttributeType
      return named === undefined ? null : { name: named, type: type === 'N' || type === 'B' ? type : 'S' }
    }
    const hash = part('HASH')
    if (hash === null) throw new ServiceUnavailable('The database does not tell the key of the table.')
    return { name, keys: { hash, range: part('RANGE') } }
  }

  async #describe(name: string): Promise<TableDescription | null> {
    const asked = (db: DynamoDB, options: object) => db.describeTable({ TableName: name }, options)
    try {
      return (await this.#client.ask(asked, { again: true }, isUnknownTable)).Table ?? null
    } catch (thrown) {
      if (isUnknownTable(thrown)) return null
      throw thrown
    }
  }

  async #until(name: string, holds: (table: TableDescription | null) => boolean): Promise<void> {
    const deadline = this.#client.deadline()
    for (let attempt = 1; !holds(await this.#describe(name)); attempt++) {
      if (Date.now() > deadline) throw new ServiceUnavailable('The table is still being changed. Look again later.')
      await waitFor(Math.min(attempt, 4))
    }
  }
}
