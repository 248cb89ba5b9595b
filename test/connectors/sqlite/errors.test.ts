import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ApiError, BadRequest } from 'dataferry/sdk'
import { isBusy, isStale, Stopped, sqliteError } from '../../../connectors/sqlite/errors.ts'
import { folder } from './database.ts'

const schema = `
  CREATE TABLE departments (dept_no char(4) PRIMARY KEY, dept_name varchar(40) NOT NULL UNIQUE, size int CONSTRAINT positive CHECK (size > 0),
    rank int CHECK (rank <> 13), CHECK (dept_no <> 'x' || 'y'));
  CREATE TABLE dept_emp (emp_no integer, dept_no char(4) REFERENCES departments, PRIMARY KEY (emp_no, dept_no));
  CREATE TABLE people (id integer PRIMARY KEY, name text, upper_name text GENERATED ALWAYS AS (upper(name)));
  CREATE UNIQUE INDEX people_name ON people (lower(name));
  CREATE TABLE typed (id integer PRIMARY KEY, n int, r real, t text, b blob) STRICT;
  CREATE VIEW everyone AS SELECT * FROM people;
  CREATE TRIGGER no_bob BEFORE INSERT ON people WHEN new.name = 'bob' BEGIN SELECT RAISE(ABORT, 'Bob is not allowed.'); END;
  INSERT INTO departments (dept_no, dept_name) VALUES ('d001', 'Marketing');
  INSERT INTO dept_emp VALUES (1, 'd001');
  INSERT INTO people (id, name) VALUES (1, 'Ann');
`

const faults: [sql: string, status: number, message: string][] = [
  ["INSERT INTO departments (dept_no, dept_name) VALUES ('d001', 'x')", 400, "Duplicate value for field 'dept_no'."],
  [
    "INSERT INTO departments (dept_no, dept_name) VALUES ('d002', 'Marketing')",
    400,
    "Duplicate value for field 'dept_name'.",
  ],
  ["INSERT INTO dept_emp VALUES (1, 'd001')", 400, "Duplicate value for the fields 'emp_no', 'dept_no' together."],
  ["INSERT INTO people VALUES (1, 'x')", 400, "Duplicate value for field 'id'."],
  ["INSERT INTO people (name) VALUES ('ANN')", 400, 'Duplicate value: another record has it already.'],
  ["INSERT INTO departments (dept_no) VALUES ('d002')", 400, "Field 'dept_name' can not be NULL."],
  [
    "INSERT INTO dept_emp VALUES (2, 'none')",
    400,
    'A record that this one refers to does not exist, or other records still refer to this one.',
  ],
  [
    "DELETE FROM departments WHERE dept_no = 'd001'",
    400,
    'A record that this one refers to does not exist, or other records still refer to this one.',
  ],
  ['UPDATE departments SET size = -1', 400, "The record fails the check 'positive' of the database."],
  ['UPDATE departments SET rank = 13', 400, 'The record fails a check of the database.'],
  ["INSERT INTO departments (dept_no, dept_name) VALUES ('xy', 'x')", 400, 'The record fails a check of the database.'],
  ["INSERT INTO people (id, name) VALUES ('x', 'y')", 400, 'The identifier must be a valid integer.'],
  ["INSERT INTO people (name) VALUES ('bob')", 400, 'Bob is not allowed.'],
  ["INSERT INTO typed (n) VALUES ('x')", 400, "Field 'n' must be a valid integer."],
  ["INSERT INTO typed (r) VALUES ('x')", 400, "Field 'r' must be a valid number."],
  ["INSERT INTO typed (t) VALUES (x'00')", 400, "Field 't' must be a valid text."],
  ['INSERT INTO typed (b) VALUES (1)', 400, "Field 'b' must be a valid binary value."],
  ["INSERT INTO everyone (name) VALUES ('x')", 400, 'A view can not be written.'],
  ["UPDATE people SET upper_name = 'x'", 400, "Field 'upper_name' is computed by the database and can not be written."],
  [
    "INSERT INTO people (upper_name) VALUES ('x')",
    400,
    "Field 'upper_name' is computed by the database and can not be written.",
  ],
  ['UPDATE sqlite_master SET name = 1', 400, 'This table can not be written.'],
  ['SELECT abs(-9223372036854775808)', 400, 'A number is too large for the database.'],
  [`SELECT 'a' LIKE '${'%a'.repeat(30_000)}'`, 400, 'A pattern of the filter is too long.'],
  [`SELECT ${'1+'.repeat(1_100)}1`, 400, 'The filter is nested too deeply.'],
  ['SELECT zeroblob(1100000000)', 413, 'A value is too large for the database.'],
  [
    'ALTER TABLE people ADD COLUMN a int NOT NULL',
    400,
    'A field that can not be NULL needs a default when the table has records.',
  ],
  ['SELECT absent FROM people', 503, 'The structure of the database has changed. Try again.'],
  ['SELECT * FROM absent', 503, 'The structure of the database has changed. Try again.'],
  ['INSERT INTO people (absent) VALUES (1)', 503, 'The structure of the database has changed. Try again.'],
]

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
  return assert.fail('nothing was thrown')
}

const db = new DatabaseSync(':memory:')
db.exec(schema)

for (const [sql, status, message] of faults) {
  test(`${sql.slice(0, 70)} answers ${status}`, () => {
    const error = sqliteError(thrownBy(() => db.prepare(sql).all()))
    assert.ok(error instanceof ApiError, error.message)
    assert.deepEqual([error.status, error.message], [status, message])
  })
}

test('what is missing is told apart from what is wrong', () => {
  assert.equal(isStale(thrownBy(() => db.prepare('SELECT absent FROM people'))), true)
  assert.equal(isStale(thrownBy(() => db.prepare('SELECT FROM people'))), false)
})

test('a lock of another connection is busy, 503', (t) => {
  const file = join(folder(t), 'a.db')
  const one = new DatabaseSync(file)
  const other = new DatabaseSync(file)
  t.after(() => {
    one.close()
    other.close()
  })
  one.exec('CREATE TABLE t (a); BEGIN IMMEDIATE')
  const thrown = thrownBy(() => other.exec('BEGIN IMMEDIATE'))
  assert.equal(isBusy(thrown), true)
  const error = sqliteError(thrown)
  assert.ok(error instanceof ApiError)
  assert.equal(error.status, 503)
  assert.equal(error.headers['Retry-After'], '1')
})

const broken: [name: string, content: string | null, message: string][] = [
  [
    'text',
    'this is a text, and it is longer than a header of SQLite would be, which is a hundred bytes long at least, I think',
    'The file is no SQLite database, or it is damaged.',
  ],
  ['missing/folder', null, 'The database can not be opened.'],
]
for (const [name, content, message] of broken) {
  test(`a file that is ${name} is a 503 that names no path`, (t) => {
    const file = join(folder(t), name)
    if (content !== null) writeFileSync(file, content)
    const error = sqliteError(thrownBy(() => new DatabaseSync(file).prepare('SELECT * FROM sqlite_master').all()))
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.status, error.message], [503, message])
  })
}

test('what is read only says so', (t) => {
  const file = join(folder(t), 'a.db')
  new DatabaseSync(file).close()
  const readOnly = new DatabaseSync(file, { readOnly: true })
  t.after(() => readOnly.close())
  const error = sqliteError(thrownBy(() => readOnly.exec('CREATE TABLE t (a)')))
  assert.ok(error instanceof BadRequest)
  assert.equal(error.message, 'The database is read only.')
})

test('a stopped statement is a 503; other faults stay what they are', () => {
  const stopped = sqliteError(new Stopped())
  assert.ok(stopped instanceof ApiError)
  assert.equal(stopped.status, 503)
  const own = new BadRequest('mine')
  assert.equal(sqliteError(own), own)
  const bug = new TypeError('a bug')
  assert.equal(sqliteError(bug), bug)
  const syntax = sqliteError(thrownBy(() => db.prepare('SELECT FROM')))
  assert.ok(!(syntax instanceof ApiError))
})
