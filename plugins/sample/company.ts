/**
 * The sample company: its tables and its rows. Everything follows from one seed, so every installation has the same people.
 */

import type { ForeignKeyDefinition, SchemaPlan } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'

type Record = { readonly [column: string]: Json }
export interface SampleTable {
  readonly plan: Extract<SchemaPlan, { kind: 'create-table' }>
  readonly rows: readonly Record[]
}

const employeeCount = 500
const today = '2026-01-01'
/** What the company writes for "still": dates without an end. */
const openEnd = '9999-01-01'

const departments = [
  ['d001', 'Marketing'],
  ['d002', 'Finance'],
  ['d003', 'Human Resources'],
  ['d004', 'Production'],
  ['d005', 'Development'],
  ['d006', 'Quality Management'],
  ['d007', 'Sales'],
  ['d008', 'Research'],
  ['d009', 'Customer Service'],
] as const

const firstNames = {
  F: [
    'Ada',
    'Agnes',
    'Amina',
    'Anke',
    'Beatriz',
    'Chiara',
    'Dina',
    'Elena',
    'Femke',
    'Grace',
    'Hanna',
    'Ines',
    'Jolanda',
    'Keiko',
    'Leila',
    'Marta',
    'Nora',
    'Olga',
    'Priya',
    'Rosa',
    'Saskia',
    'Tove',
    'Uma',
    'Wanda',
    'Yara',
    'Zoë',
  ],
  M: [
    'Adam',
    'Bruno',
    'Cem',
    'Dario',
    'Emil',
    'Farid',
    'Goran',
    'Hugo',
    'Ivan',
    'Jonas',
    'Kofi',
    'Lars',
    'Mateo',
    'Nils',
    'Omar',
    'Pavel',
    'Quentin',
    'Rafael',
    'Simon',
    'Tomas',
    'Umberto',
    'Viktor',
    'Walter',
    'Xavier',
    'Yusuf',
    'Zoran',
  ],
} as const
const lastNames = [
  'Abe',
  'Almeida',
  'Bauer',
  'Berg',
  'Castro',
  'Dubois',
  'Eriksson',
  'Ferrari',
  'Fischer',
  'García',
  'Haddad',
  'Horvat',
  'Ito',
  'Jansen',
  'Kaya',
  'Kowalski',
  'Larsen',
  'Lindqvist',
  'Mensah',
  'Moreau',
  'Novak',
  "O'Brien",
  'Okafor',
  'Papadakis',
  'Quispe',
  'Rossi',
  'Sato',
  'Schmidt',
  'Silva',
  'Tanaka',
  'Urban',
  'Vargas',
  'Weber',
  'Yılmaz',
  'Zhang',
]
const careers = [
  ['Engineer', 'Senior Engineer', 'Technique Leader'],
  ['Staff', 'Senior Staff', 'Manager'],
  ['Assistant Engineer', 'Engineer', 'Senior Engineer'],
] as const
const supplies: readonly (readonly [string, readonly string[]])[] = [
  ['Stapler', ['Front Desk', 'Room 101']],
  ['Broom', ['Broom Closet']],
  ['Coffee Machine', ['Kitchen', 'Lobby', 'Room 204']],
  ['Printer Paper', ['Copy Room', 'Storage']],
  ['Whiteboard', ['Room 101', 'Room 204']],
  ['Projector', ['Room 101']],
  ['First-Aid Kit', ['Front Desk', 'Workshop']],
  ['Label Printer', []],
]

/** mulberry32: small, seeded, the same on every machine. Returns numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const dayMs = 86_400_000
const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10)

/** The tables in an order in which foreign keys hold. */
export function sampleCompany(): readonly SampleTable[] {
  const random = randomFrom(20260101)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1))

  const employees: Record[] = []
  const deptEmp: Record[] = []
  const salaries: Record[] = []
  const titles: Record[] = []

  for (let i = 0; i < employeeCount; i++) {
    const empNo = 10001 + i
    const gender = random() < 0.5 ? 'F' : 'M'
    const hired = addDays('1995-01-01', between(0, 10_500))
    employees.push({
      emp_no: empNo,
      birth_date: addDays(hired, -between(20 * 365, 45 * 365)),
      first_name: pick(firstNames[gender]),
      last_name: pick(lastNames),
      gender,
      hire_date: hired,
    })

    const first = pick(departments)[0]
    const second = random() < 0.15 ? pick(departments)[0] : first
    if (second === first) deptEmp.push({ emp_no: empNo, dept_no: first, from_date: hired, to_date: openEnd })
    else {
      const moved = addDays(hired, between(200, 600))
      deptEmp.push({ emp_no: empNo, dept_no: first, from_date: hired, to_date: moved })
      deptEmp.push({ emp_no: empNo, dept_no: second, from_date: moved, to_date: openEnd })
    }

    let from = hired
    let salary = between(38_000, 70_000)
    for (let raises = between(1, 5); raises > 0; raises--) {
      const until = addDays(from, 365)
      const last = raises === 1 || until > today
      salaries.push({ emp_no: empNo, salary, from_date: from, to_date: last ? openEnd : until })
      if (last) break
      from = until
      salary += between(200, 4_500)
    }

    const career = pick(careers)
    const steps = between(1, career.length)
    let since = hired
    for (let step = 0; step < steps; step++) {
      const until = addDays(since, between(700, 2_200))
      const last = step === steps - 1 || until > today
      titles.push({ emp_no: empNo, title: career[step] as string, from_date: since, to_date: last ? null : until })
      if (last) break
      since = until
    }
  }

  const ofEmployee: ForeignKeyDefinition = {
    columns: ['emp_no'],
    refTable: 'employees',
    refColumns: ['emp_no'],
    onDelete: 'CASCADE',
  }
  const locations = supplies.flatMap(([, places], index) => places.map((name) => ({ supply_id: index + 1, name })))

  return [
    {
      plan: {
        kind: 'create-table',
        name: 'departments',
        columns: [
          { name: 'dept_no', type: 'string', length: 4 },
          { name: 'dept_name', type: 'string', length: 40 },
        ],
        primaryKey: ['dept_no'],
        unique: [['dept_name']],
      },
      rows: departments.map(([dept_no, dept_name]) => ({ dept_no, dept_name })),
    },
    {
      plan: {
        kind: 'create-table',
        name: 'employees',
        columns: [
          { name: 'emp_no', type: 'integer' },
          { name: 'birth_date', type: 'date' },
          { name: 'first_name', type: 'string', length: 14 },
          { name: 'last_name', type: 'string', length: 16 },
          { name: 'gender', type: 'string', length: 1 },
          { name: 'hire_date', type: 'date' },
        ],
        primaryKey: ['emp_no'],
        indexes: [['last_name']],
      },
      rows: employees,
    },
    {
      plan: {
        kind: 'create-table',
        name: 'dept_emp',
        columns: [
          { name: 'emp_no', type: 'integer' },
          { name: 'dept_no', type: 'string', length: 4 },
          { name: 'from_date', type: 'date' },
          { name: 'to_date', type: 'date' },
        ],
        primaryKey: ['emp_no', 'dept_no'],
        indexes: [['dept_no']],
        foreignKeys: [
          ofEmployee,
          { columns: ['dept_no'], refTable: 'departments', refColumns: ['dept_no'], onDelete: 'CASCADE' },
        ],
      },
      rows: deptEmp,
    },
    {
      plan: {
        kind: 'create-table',
        name: 'salaries',
        columns: [
          { name: 'emp_no', type: 'integer' },
          { name: 'salary', type: 'integer' },
          { name: 'from_date', type: 'date' },
          { name: 'to_date', type: 'date' },
        ],
        primaryKey: ['emp_no', 'from_date'],
        foreignKeys: [ofEmployee],
      },
      rows: salaries,
    },
    {
      plan: {
        kind: 'create-table',
        name: 'titles',
        columns: [
          { name: 'emp_no', type: 'integer' },
          { name: 'title', type: 'string', length: 50 },
          { name: 'from_date', type: 'date' },
          { name: 'to_date', type: 'date', allowNull: true },
        ],
        primaryKey: ['emp_no', 'title', 'from_date'],
        foreignKeys: [ofEmployee],
      },
      rows: titles,
    },
    {
      plan: {
        kind: 'create-table',
        name: 'supplies',
        columns: [
          { name: 'id', type: 'id' },
          { name: 'name', type: 'string', length: 255, allowNull: true },
        ],
      },
      rows: supplies.map(([name]) => ({ name })),
    },
    {
      plan: {
        kind: 'create-table',
        name: 'locations',
        columns: [
          { name: 'id', type: 'id' },
          { name: 'supply_id', type: 'integer' },
          { name: 'name', type: 'string', length: 255, allowNull: true },
        ],
        indexes: [['supply_id']],
        foreignKeys: [{ columns: ['supply_id'], refTable: 'supplies', refColumns: ['id'] }],
      },
      rows: locations,
    },
  ]
}
