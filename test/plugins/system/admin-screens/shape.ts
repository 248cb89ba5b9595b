/** How the calls of a screen of the admin interface are written down. */

export interface Screen {
  readonly screen: string
  readonly requests: readonly AdminRequest[]
}
export interface AdminRequest {
  readonly verb?: string
  /** Below /api/v2; `{name}` stands for what an earlier request kept. */
  readonly path: string
  readonly body?: unknown
  readonly type?: string
  /** Header lines beside those of every call. */
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
  readonly fields?: readonly string[]
  /** A value of the answer that later requests need, by its path. */
  readonly keep?: Readonly<Record<string, string>>
  /** Without a session. */
  readonly open?: true
}

export const listed = 'limit=50&offset=0&include_count=true'
export const stamps = ['created_date', 'last_modified_date', 'created_by_id', 'last_modified_by_id']
export const each = (names: readonly string[]): string[] => names.map((name) => `resource[].${name}`)
export const serviceFields = [
  'id:number',
  'name:string',
  'label:string',
  'description',
  'type:string',
  'is_active:boolean',
]
