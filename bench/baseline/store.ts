/** What the hand-written servers read and write, whatever the database. */

export interface Customer {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly country: string
  readonly region: number
  readonly credit: number
  readonly active: boolean
  readonly created_at: string
  readonly note: string | null
}
export type Contact = Pick<Customer, 'id' | 'name' | 'email' | 'country' | 'credit'>
export interface Order {
  readonly id: number
  readonly customer_id: number
  readonly [column: string]: unknown
}
export interface Item {
  readonly id: number
  readonly order_id: number
  readonly [column: string]: unknown
}
export interface Visit {
  readonly customer_id: number
  readonly page: string
  readonly referrer?: string | null
  readonly seconds: number
  readonly amount: number
  readonly mobile: boolean
  readonly visited_at: string
}

export interface Store {
  customer(id: number): Promise<Customer | undefined>
  contacts(country: string, limit: number): Promise<readonly Contact[]>
  counted(country: string, limit: number): Promise<{ readonly rows: readonly Customer[]; readonly count: number }>
  orders(limit: number): Promise<readonly Order[]>
  customersOf(ids: readonly number[]): Promise<readonly Customer[]>
  itemsOf(orders: readonly number[]): Promise<readonly Item[]>
  /** The ids of the new rows, in their order. */
  insert(visits: readonly Visit[]): Promise<readonly number[]>
  /** false: there is none of that id. */
  setNote(id: number, note: string | null): Promise<boolean>
  removeVisit(id: number): Promise<boolean>
}
