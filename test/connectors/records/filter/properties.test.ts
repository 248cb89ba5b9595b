// What holds for every tree and every text.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadRequest } from 'dataferry/sdk'
import {
  allOf,
  type Filter,
  parseExpression,
  parseFilter,
  parseOrder,
  printFilter,
  resolveFilter,
} from '../../../../connectors/records/filter/index.ts'
import { Generator } from './generate.ts'
import { meaning, outline, scopeOf } from './table.ts'

const refusedOnly = (text: string, run: () => unknown): void => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof BadRequest, `${JSON.stringify(text)}: ${error}`)
  }
}

describe('printing', () => {
  it('prints 10,000 trees that parse back to themselves', () => {
    const generator = new Generator(20261)
    for (let each = 0; each < 10_000; each += 1) {
      const tree = generator.filter(3)
      const text = printFilter(tree)
      assert.deepEqual(parseFilter(text), tree, text)
    }
  })

  it('prints whatever was parsed from any text', () => {
    const generator = new Generator(4)
    let parsed = 0
    for (let each = 0; each < 40_000; each += 1) {
      const text = generator.garbage()
      let tree: Filter | null = null
      refusedOnly(text, () => {
        tree = parseFilter(text)
      })
      if (tree === null) continue
      parsed += 1
      assert.deepEqual(parseFilter(printFilter(tree)), tree, JSON.stringify([text, printFilter(tree)]))
    }
    assert.ok(parsed > 500, `only ${parsed} of the texts were filters`)
  })

  const cases: readonly { readonly text: string; readonly prints: string }[] = [
    { text: 'id=1', prints: 'id = 1' },
    { text: '((a = 1))&&(b = 2)', prints: '(a = 1) AND (b = 2)' },
    { text: 'a not in (1,2)', prints: 'NOT a IN (1, 2)' },
    { text: "name = 'O'Brien'", prints: "name = 'O''Brien'" },
    { text: '`first name` starts with x', prints: '"first name" STARTS WITH x' },
    { text: 'a = (b-(1+2)*3)', prints: 'a = (b - (1 + 2) * 3)' },
    { text: 'not not a is not null', prints: 'NOT NOT NOT a IS NULL' },
  ]
  for (const { text, prints } of cases) {
    it(text, () => assert.equal(printFilter(parseFilter(text) ?? { kind: 'and', of: [] }), prints))
  }

  for (const text of ['x and a = 1', '(b)', "'x'", ':x', ' x ', 'x)']) {
    it(`quotes bare text that would not be read back: ${text}`, () => {
      const right = { kind: 'value', value: { kind: 'text', text, quoted: false } } as const
      const tree: Filter = { kind: 'compare', op: '=', left: { kind: 'column', column: 'name' }, right }
      assert.equal(printFilter(tree), `name = '${text.replaceAll("'", "''")}'`)
    })
  }

  it('refuses trees that no text can mean', () => {
    const left = { kind: 'column', column: 'a' } as const
    assert.throws(() => printFilter({ kind: 'and', of: [] }), TypeError)
    assert.throws(() => printFilter({ kind: 'in', left, list: [] }), TypeError)
    assert.throws(() => printFilter({ kind: 'null', left: { kind: 'call', name: 'now', args: [] } }), TypeError)
  })
})

describe('any text', () => {
  it('is a filter, or a 400', () => {
    const generator = new Generator(77)
    for (let each = 0; each < 20_000; each += 1) {
      const text = generator.garbage()
      refusedOnly(text, () => meaning(text, { params: { ':x': 1 }, lookups: { 'user.id': 2 } }))
      refusedOnly(text, () => parseOrder(text))
      refusedOnly(text, () => parseExpression(text))
    }
  })

  it('of one character, repeated, is answered in time and without overflow', () => {
    const pieces = [
      '(',
      ')',
      "'",
      '"',
      '`',
      'NOT ',
      'not(',
      '{',
      ' and ',
      '||',
      "''",
      '(a=',
      'a=(',
      "a=('",
      'a in (',
      '-',
      '+1',
      ' ',
      '.',
      ',',
    ]
    const heads = ['', 'a = ', 'a = (', 'name = x', "name = '", 'name in (', 'a between ']
    for (const head of heads) {
      for (const piece of pieces) {
        const text = head + piece.repeat(50_000)
        refusedOnly(text.slice(0, 40), () => meaning(text))
        refusedOnly(text.slice(0, 40), () => parseExpression(text))
      }
    }
  })

  it('with a quote that never ends is read in one pass', () => {
    for (const piece of ["'x and (a = ", "'x,", '"x or a like ', "a = ('b) c and "]) {
      const text = `name in (${piece.repeat(20_000)}`
      refusedOnly(piece, () => meaning(text))
      refusedOnly(piece, () => meaning(`name = ${piece.repeat(20_000)}`))
    }
  })
})

describe('limits', () => {
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `a = ${at}`).join(' or ')
  const cases: readonly { readonly name: string; readonly text: string; readonly limited: boolean }[] = [
    { name: '1,000 terms', text: many(1000), limited: false },
    { name: '1,001 terms', text: many(1001), limited: true },
    { name: '100 levels', text: `${'('.repeat(100)}a = 1${')'.repeat(100)}`, limited: false },
    { name: '101 levels', text: `${'('.repeat(101)}a = 1${')'.repeat(101)}`, limited: true },
    { name: '101 NOTs', text: `${'NOT '.repeat(101)}a = 1`, limited: true },
    { name: '101 additions', text: `a = (b${' + 1'.repeat(101)})`, limited: true },
    { name: '5,000 elements', text: `a in (${Array.from({ length: 5000 }, (_, at) => at).join(',')})`, limited: false },
  ]
  for (const { name, text, limited } of cases) {
    it(name, () => {
      if (limited) assert.throws(() => parseFilter(text), BadRequest)
      else assert.ok(parseFilter(text))
    })
  }

  it('are options', () => {
    assert.throws(() => parseFilter(many(3), { maxTerms: 2 }), BadRequest)
    assert.throws(() => parseFilter('((a = 1))', { maxDepth: 1 }), BadRequest)
    assert.ok(parseFilter(many(2000), { maxTerms: 2000 }))
  })
})

describe('values', () => {
  it('are binds, whatever they look like', () => {
    const generator = new Generator(99)
    for (let each = 0; each < 5000; each += 1) {
      const value = generator.text()
      const { scope, binds } = scopeOf()
      const filter = parseFilter(`(name = '${value.replaceAll("'", "''")}') and (a = 1)`)
      assert.ok(filter)
      const predicate = resolveFilter(filter, scope)
      assert.equal(binds.length, 2)
      assert.deepEqual(predicate, {
        kind: 'and',
        of: [
          { kind: 'compare', op: '=', left: columnNode('name'), right: { kind: 'value', value: 0 } },
          { kind: 'compare', op: '=', left: columnNode('a'), right: { kind: 'value', value: 1 } },
        ],
      })
      if (!/[{}]/.test(value)) assert.equal(binds[0], value)
    }
  })

  it('cannot leave the AND that joins them to a role filter', () => {
    const generator = new Generator(5)
    const role = parseFilter('c = 5')
    for (let each = 0; each < 20_000; each += 1) {
      let client: Filter | null = null
      const text = generator.garbage()
      refusedOnly(text, () => {
        client = parseFilter(text)
      })
      if (client === null) continue
      const joined = allOf([client, role])
      assert.ok(joined && outline(joined).endsWith(' and c = ~5~)'))
    }
  })
})

describe('joining', () => {
  it('leaves out what is not there', () => {
    const a = parseFilter('a = 1')
    assert.equal(allOf([]), null)
    assert.equal(allOf([null, null]), null)
    assert.equal(allOf([null, a]), a)
    assert.deepEqual(allOf([a, a]), { kind: 'and', of: [a, a] })
  })
})

function columnNode(name: string): unknown {
  const column = scopeOf().scope.column(name)
  return { kind: 'column', column }
}
