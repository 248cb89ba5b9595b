/**
 * Tables and roles of the suite. Whatever a role may not learn is recognisable: hidden columns are called `hush_...`, what is in them is
 * a text with SECRET or a number of 777...., and rows that belong to others have FOREIGN in them. Owner 2 is Ann, the first user.
 */

interface TableDefinition {
  readonly name: string
  readonly columns: string
  readonly rows: readonly string[]
}

/** In the order in which they can be made. */
export const tables: readonly TableDefinition[] = [
  {
    name: 'team',
    columns: 'id int not null primary key, name varchar(40), hush_budget integer, opened integer, owner integer',
    rows: ["1,'red',7770901,1,3", "2,'FOREIGN-blue',7770902,0,3", "3,'green',7770903,0,2"],
  },
  {
    name: 'person',
    columns:
      'id int not null primary key, name varchar(40) not null, team_id integer, owner integer, grade integer, hush_pay integer, hush_pin varchar(20), foreign key (team_id) references team(id)',
    rows: [
      "1,'ann',1,2,1,7770001,'SECRET-1'",
      "2,'FOREIGN-bob',2,3,2,7770002,'SECRET-2'",
      "3,'cyd',1,2,3,7770003,'SECRET-3'",
      "4,'FOREIGN-dee',1,3,4,7770004,'SECRET-4'",
    ],
  },
  {
    name: 'task',
    columns:
      'id int not null primary key, person_id integer, owner integer, title varchar(40), hush_memo varchar(40), foreign key (person_id) references person(id)',
    rows: [
      "1,1,2,'t1','SECRET-t1'",
      "2,1,3,'FOREIGN-t2','SECRET-t2'",
      "3,2,3,'FOREIGN-t3','SECRET-t3'",
      "4,3,2,'t4','SECRET-t4'",
      "5,2,2,'t5','SECRET-t5'",
    ],
  },
  {
    name: 'tag',
    columns: 'id int not null primary key, label varchar(40), owner integer',
    rows: ["1,'x',2", "2,'FOREIGN-y',3"],
  },
  {
    name: 'task_tag',
    columns:
      'task_id integer not null, tag_id integer not null, memo varchar(40), primary key (task_id, tag_id), foreign key (task_id) references task(id), foreign key (tag_id) references tag(id)',
    rows: ["1,1,'m'", "1,2,'m'", "4,1,'FOREIGN-m'"],
  },
  {
    name: 'pair',
    columns: 'a int not null, b int not null, owner integer, body varchar(40), primary key (a, b)',
    rows: ["1,1,2,'p'", "1,7,3,'FOREIGN-q'", "2,1,2,'r'"],
  },
  {
    name: 'vault',
    columns:
      'id int not null primary key, person_id integer, code varchar(40), foreign key (person_id) references person(id)',
    rows: ["1,1,'SECRET-code'"],
  },
  {
    name: 'strict',
    columns: 'id int not null primary key, name varchar(40), hush_req varchar(40) not null, hush_one integer unique',
    rows: ["1,'s','SECRET-s',7770500"],
  },
  { name: 'x_one', columns: 'id int not null primary key, n varchar(20)', rows: ["1,'n'"] },
  { name: 'x_two', columns: 'id int not null primary key, n varchar(20)', rows: ["1,'n'"] },
  { name: 'y_one', columns: 'id int not null primary key, n varchar(20)', rows: ["1,'SECRET-y'"] },
  // Its relations lead to the other service.
  {
    name: 'kin',
    columns: 'id int not null primary key, name varchar(40), depot_id integer, hush_ref integer',
    rows: ["1,'k1',1,7770601", "2,'k2',2,7770602", "3,'k3',2,7770603"],
  },
  // The role knows it as `depth`; a key that others refer to is hidden.
  { name: 'cellar', columns: 'id int not null primary key, seam_no integer not null unique', rows: ['1,7770701'] },
  {
    name: 'cask',
    columns:
      'id int not null primary key, name varchar(40), cellar_no integer, foreign key (cellar_no) references cellar(seam_no)',
    rows: ["1,'c',null"],
  },
  {
    name: 'idle',
    columns: 'id int not null primary key, name varchar(40), until integer',
    rows: ["1,'i',null", "2,'FOREIGN-j',5"],
  },
]

/** In the other service. */
export const farTables: readonly TableDefinition[] = [
  {
    name: 'note',
    columns: 'id int not null primary key, kin_id integer, owner integer, body varchar(40), hush_note varchar(40)',
    rows: [
      "1,1,2,'n1','SECRET-n1'",
      "2,1,3,'FOREIGN-n2','SECRET-n2'",
      "3,2,2,'n3','SECRET-n3'",
      "4,3,3,'FOREIGN-n4','SECRET-n4'",
    ],
  },
  {
    name: 'depot',
    columns: 'id int not null primary key, name varchar(40), hush_code integer',
    rows: ["1,'north',7770801", "2,'south',7770802", "3,'east',7770803"],
  },
  {
    name: 'kin_depot',
    columns: 'kin_id integer not null, depot_id integer not null, memo varchar(40), primary key (kin_id, depot_id)',
    rows: ["1,1,'m'", "1,3,'FOREIGN-n'", "2,3,'FOREIGN-n'"],
  },
]

/** Virtual relations of `kin`; `far` is the id of the other service. */
export const farRelations = (far: number): readonly object[] => {
  const to = { is_virtual: true, ref_service_id: far }
  return [
    { ...to, alias: 'notes', type: 'has_many', field: 'id', ref_table: 'note', ref_field: 'kin_id' },
    { ...to, alias: 'depot', type: 'belongs_to', field: 'depot_id', ref_table: 'depot', ref_field: 'id' },
    {
      ...to,
      alias: 'depots',
      type: 'many_many',
      field: 'id',
      ref_table: 'depot',
      ref_field: 'id',
      junction_service_id: far,
      junction_table: 'kin_depot',
      junction_field: 'kin_id',
      junction_ref_field: 'depot_id',
    },
  ]
}

export const createSql = (of: readonly TableDefinition[]): string =>
  of.map(({ name, columns }) => `create table ${name} (${columns});`).join('\n')
/** Brings every table back to its rows. */
export const fillSql = (of: readonly TableDefinition[]): string =>
  [
    'begin;',
    ...of.toReversed().map(({ name }) => `delete from ${name};`),
    ...of.map(({ name, rows }) => `insert into ${name} values ${rows.map((row) => `(${row})`).join()};`),
    'commit;',
  ].join('\n')

export const GET = 1
export const POST = 2
export const PUT = 4
export const PATCH = 8
export const DELETE = 16
export const all = 31
export const API = 1
export const SCRIPT = 2

interface Filter {
  readonly name: string
  readonly operator: string
  readonly value?: string
}
/** One row of access. `service`: left out, each of the databases; `far`: the one beside each; null: all services; else a service of the house. */
export interface Access {
  readonly component: string | null
  readonly verbs: number
  readonly service?: string | null
  readonly requestors?: number
  readonly filters?: readonly Filter[]
  readonly op?: 'AND' | 'OR'
  readonly fields?: { readonly hidden?: readonly string[]; readonly read_only?: readonly string[] }
}
export interface RoleDefinition {
  readonly access: readonly Access[]
  readonly inactive?: true
  readonly lookups?: readonly { readonly name: string; readonly value: string; readonly private?: boolean }[]
  /** What no answer to it may hold. */
  readonly never: RegExp
}

/** The table and what is below it. */
const table = (name: string, verbs: number, more: Omit<Access, 'component' | 'verbs'> = {}): readonly Access[] =>
  [`_table/${name}`, `_table/${name}/*`].map((component) => ({ component, verbs, ...more }))

const is = (name: string, value: string, operator = '='): Filter => ({ name, operator, value })
const own = { filters: [is('owner', '2')] }
const everyTable = tables.map(({ name }) => name).filter((name) => name !== 'vault')
const schemas: Access = { component: '_schema/*', verbs: GET }
const open = /SECRET-(?:code|y)/

const hidden: { readonly [name: string]: readonly string[] } = {
  team: ['hush_budget'],
  person: ['hush_pay', 'Hush_PIN'],
  task: ['hush_memo'],
  strict: ['hush_req', 'hush_one'],
  kin: ['hush_ref'],
}
const far = { service: 'far' } as const

export const roles = {
  /** An active role without a row. */
  none: { access: [], never: /SECRET|FOREIGN-|777\d{4}|hush_/ },
  reader: {
    access: [
      ...everyTable.filter((name) => name !== 'y_one').flatMap((name) => table(name, GET)),
      { component: '_table', verbs: GET },
      schemas,
    ],
    never: open,
  },
  poster: { access: table('person', POST), never: /SECRET|FOREIGN-|777\d{4}/ },
  patcher: { access: table('person', PATCH), never: open },
  putter: { access: table('person', PUT), never: open },
  deleter: { access: table('person', DELETE), never: open },
  /** Only the list, not by id; and only by id, which the table refuses. */
  lister: { access: [{ component: '_table/person', verbs: GET }], never: open },
  byId: { access: [{ component: '_table/person/1', verbs: all }], never: /SECRET|FOREIGN-|777\d{4}/ },
  /** Rows of its own. */
  mine: {
    access: [
      ...table('person', all, own),
      ...table('task', all, own),
      ...table('pair', all, own),
      ...table('team', all, { filters: [is('opened', '1'), is('owner', '2')], op: 'OR' }),
      ...table('tag', all, own),
      ...table('task_tag', all, { filters: [is('memo', "'m'")] }),
      schemas,
    ],
    never: /FOREIGN-|SECRET-code/,
  },
  /** Reads all, changes its own. */
  ownWriter: {
    access: [...table('person', GET), ...table('person', PUT | PATCH | DELETE | POST, own)],
    never: open,
  },
  /** A filter on what is hidden. */
  blindfold: {
    access: table('person', all, {
      filters: [is('hush_pin', "'SECRET-1'")],
      fields: { hidden: ['hush_pin', 'hush_pay'] },
    }),
    never: /SECRET|777\d{4}|hush_|FOREIGN-/,
  },
  shy: {
    access: [
      ...everyTable.flatMap((name) =>
        table(name, all, hidden[name] === undefined ? {} : { fields: { hidden: hidden[name] } }),
      ),
      { component: '_table', verbs: GET },
      { component: '_schema', verbs: GET },
      schemas,
    ],
    never: /SECRET|777\d{4}|hush_/i,
  },
  /** Hidden in one row; others of the same table would show it. */
  patchwork: {
    access: [
      { component: '_table/person', verbs: GET, fields: { hidden: ['hush_pay'] } },
      { component: '_table/person/*', verbs: GET | DELETE, fields: { hidden: ['hush_pin'] } },
      { component: '_table/person', verbs: PATCH | DELETE },
      { component: '_table/person/*', verbs: all },
      { component: '*', verbs: GET },
    ],
    never: /SECRET-\d|777000\d/,
  },
  /** The whole service hides. */
  veiled: {
    access: [
      { component: '*', verbs: all, fields: { hidden: ['hush_pay', 'hush_pin', 'hush_memo', 'hush_budget'] } },
      ...table('person', all),
    ],
    never: /SECRET-[\dt]|777000\d|7770901/,
  },
  /** A key of a relation is hidden. */
  cut: {
    access: [
      ...table('person', all, { fields: { hidden: ['team_id'] } }),
      ...table('team', all),
      ...table('task', all),
      schemas,
    ],
    never: /team_id|SECRET-code/,
  },
  careful: {
    access: [
      ...table('person', all, { fields: { read_only: ['grade', 'team_id', 'hush_pay'] } }),
      ...table('team', all, { fields: { read_only: ['name'] } }),
      ...table('task', all, { fields: { read_only: ['person_id'] } }),
    ],
    never: open,
  },
  prefix: { access: [{ component: '_table/x*', verbs: all }], never: /SECRET|FOREIGN-/ },
  below: { access: [{ component: '_table/x_one/*', verbs: GET }], never: /SECRET|FOREIGN-/ },
  exactly: { access: [{ component: '_table/x_one', verbs: GET }], never: /SECRET|FOREIGN-/ },
  /** Stars elsewhere mean nothing. */
  globber: {
    access: [
      { component: '_table/*one', verbs: all },
      { component: '*/x_one', verbs: all },
      { component: '_table/x?one', verbs: all },
      { component: '_table/.*', verbs: all },
    ],
    never: /SECRET|FOREIGN-/,
  },
  /** A row without verbs takes away what wider ones give. */
  carved: {
    access: [
      { component: '_table/*', verbs: all },
      { component: '_table/vault', verbs: 0 },
      { component: '_table/vault/*', verbs: 0 },
      { component: '_table/y_one', verbs: GET },
    ],
    never: /SECRET-code/,
  },
  /** The root of the service alone. */
  doorway: { access: [{ component: '', verbs: all }], never: /SECRET|FOREIGN-|person|x_one/ },
  schemaOnly: { access: [{ component: '_schema/person', verbs: GET }], never: /SECRET|FOREIGN-|777\d{4}/ },
  everywhere: { access: [{ service: null, component: '*', verbs: GET }], never: /^$/ },
  everywhereButHere: {
    access: [
      { service: null, component: '*', verbs: GET },
      { component: '_table/vault', verbs: 0 },
      { component: '_table/vault/*', verbs: 0 },
    ],
    never: /SECRET-code/,
  },
  script: { access: [{ component: '*', verbs: all, requestors: SCRIPT }], never: /SECRET|FOREIGN-|hush_/ },
  unset: { access: [{ component: '*', verbs: all, requestors: 0 }], never: /SECRET|FOREIGN-|hush_/ },
  both: { access: [{ component: '_table/x_one', verbs: GET, requestors: API | SCRIPT }], never: /SECRET|FOREIGN-/ },
  asleep: { access: [{ component: '*', verbs: all }], inactive: true, never: /SECRET|FOREIGN-|hush_/ },
  /** Its own rows, by a lookup of the role. */
  looked: {
    access: table('person', all, { filters: [is('owner', '{who}')] }),
    lookups: [{ name: 'who', value: '2' }],
    never: /FOREIGN-/,
  },
  /** The value of the lookup tries to leave its place. */
  crooked: {
    access: table('person', all, { filters: [is('name', '{who}')] }),
    lookups: [{ name: 'who', value: "x') OR ('1' = '1" }],
    never: /SECRET|FOREIGN-|ann/,
  },
  /** A private lookup resolves nowhere that a client can look. */
  secretive: {
    access: table('person', all, { filters: [is('owner', '{who}')] }),
    lookups: [{ name: 'who', value: '2', private: true }],
    never: /SECRET|FOREIGN-/,
  },
  /** The value of the lookup does not fit the hidden field. */
  misfit: {
    access: table('person', all, { filters: [is('hush_pay', '{who}')], fields: { hidden: ['hush_pay'] } }),
    lookups: [{ name: 'who', value: 'x' }],
    never: /hush_|SECRET|FOREIGN-/,
  },
  /** What is over is not its own: its filter holds for null. */
  idler: { access: table('idle', all, { filters: [{ name: 'until', operator: 'IS NULL' }] }), never: /FOREIGN-/ },
  /** Rows and fields of another service, behind relations. */
  abroad: {
    access: [
      ...table('kin', all, { fields: { hidden: ['hush_ref'] } }),
      ...table('note', all, { ...far, ...own, fields: { hidden: ['hush_note'] } }),
      ...table('depot', GET, { ...far, fields: { hidden: ['hush_code'] } }),
      ...table('kin_depot', GET, { ...far, filters: [is('memo', "'m'")] }),
      schemas,
    ],
    never: /FOREIGN-|SECRET|777\d{4}|hush_/,
  },
  /** Nothing of the other service. */
  stayer: { access: [...table('kin', all), schemas], never: /FOREIGN-|SECRET|77708|"n1"|north/ },
  /** Keys of the other service are hidden. */
  farCut: {
    access: [
      ...table('kin', all),
      ...table('note', all, { ...far, fields: { hidden: ['kin_id'] } }),
      ...table('depot', all, far),
      ...table('kin_depot', all, { ...far, fields: { hidden: ['depot_id'] } }),
      schemas,
    ],
    never: /kin_id|"n1"/,
  },
  /** What is hidden is in a table with an alias. */
  digger: {
    access: [...table('cask', all), ...table('depth', all, { fields: { hidden: ['seam_no'] } }), schemas],
    never: /seam_no|777070/,
  },
  /** Only some descriptions. */
  peeker: {
    access: [{ component: '_schema/x_one', verbs: GET }, ...table('x_one', GET)],
    never: /vault|y_one|person|SECRET/,
  },
  /** May be asked to move whole configurations and tables, by a row for that. */
  mover: {
    access: [
      ...(['package', 'config_package', 'import', 'package/*', 'import/*'] as const).map((component) => ({
        service: 'system',
        component,
        verbs: all,
      })),
      ...table('x_one', all),
    ],
    never: /SECRET|FOREIGN-|\$argon2|api_key/,
  },
  /** One folder of the files, one path of the remote service. */
  courier: {
    access: [
      { service: 'files', component: 'open/*', verbs: GET },
      { service: 'files', component: 'drop/*', verbs: all },
      { service: 'remote', component: 'echo/*', verbs: GET },
      { service: 'dead', component: '*', verbs: GET },
    ],
    never: /SECRET|courier0|"a":\[1,2\]/,
  },
  /** By the user who asks. */
  personal: { access: table('person', all, { filters: [is('owner', '{user.id}')] }), never: /^$/ },
  /** Rights in the control plane. */
  userAdmin: {
    access: [
      { service: 'system', component: 'user/*', verbs: all },
      { service: 'system', component: 'user', verbs: all },
      { service: 'system', component: 'role', verbs: GET },
    ],
    never: /\$2[aby]\$/,
  },
  systemReader: {
    access: [
      { service: 'system', component: 'service', verbs: GET },
      { service: 'system', component: 'service/*', verbs: GET },
      { service: 'system', component: 'event', verbs: GET },
      { component: '_table/x_one', verbs: GET },
    ],
    never: /SECRET|\$2[aby]\$/,
  },
} as const satisfies { readonly [name: string]: RoleDefinition }

/** What the suite's files hold, by their path. */
export const files: { readonly [path: string]: string } = {
  'open/a.txt': 'open',
  'closed/b.txt': 'SECRET-file',
  'pub/p.txt': 'public',
  'drop/d.txt': 'dropped',
}

export type RoleName = keyof typeof roles
