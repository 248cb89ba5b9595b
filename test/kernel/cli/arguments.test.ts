/** Reading the words of a command line. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chosen, parsed, type Shape } from '../../../kernel/cli/arguments.ts'
import { UsageError } from '../../../kernel/plugins/commands.ts'

const add: Shape = {
  name: 'service add',
  arguments: [{ name: 'name', help: '' }],
  options: [
    { name: 'type', help: '', value: 'TYPE' },
    { name: 'set', help: '', value: 'NAME=VALUE', many: true },
    { name: 'test', help: '' },
  ],
}
const commands: readonly Shape[] = [
  { name: 'start', arguments: [], options: [] },
  add,
  { name: 'service test', arguments: [{ name: 'name', help: '', optional: true }], options: [] },
  { name: 'export', arguments: [{ name: 'file', help: '', optional: true }], options: [] },
]

describe('which command', () => {
  const cases: readonly { words: string[]; name?: string; rest?: string[]; error?: RegExp }[] = [
    { words: ['start'], name: 'start', rest: [] },
    { words: ['service', 'add', 'x', '--test'], name: 'service add', rest: ['x', '--test'] },
    { words: ['service'], error: /^service needs one more word: service add, service test$/ },
    { words: ['service', '--json'], error: /service needs one more word/ },
    { words: ['servcie', 'add'], error: /no command 'servcie'; did you mean 'service add'\?$/ },
    { words: ['service', 'tset'], error: /no command 'service tset'; did you mean 'service test'\?$/ },
    { words: ['exprot'], error: /did you mean 'export'\?$/ },
    { words: ['juggle'], error: /^there is no command 'juggle'$/ },
  ]
  for (const { words, name, rest, error } of cases) {
    test(words.join(' '), () => {
      if (error !== undefined) {
        assert.throws(
          () => chosen(words, commands),
          (thrown: unknown) => thrown instanceof UsageError && error.test(thrown.message),
        )
        return
      }
      const found = chosen(words, commands)
      assert.deepEqual({ name: found.command.name, rest: found.rest }, { name, rest })
    })
  }
})

describe('its words', () => {
  test('arguments, values of both forms, repeated ones, switches', () => {
    const read = parsed(add, ['--type=pgsql', '--set', 'a=1', 'crm', '--set', 'b=-2', '--test', '--json'])
    assert.equal(read.arguments.get('name'), 'crm')
    assert.deepEqual(read.options.get('type'), ['pgsql'])
    assert.deepEqual(read.options.get('set'), ['a=1', 'b=-2'])
    assert.deepEqual([...read.switches].sort(), ['json', 'test'])
    assert.equal(read.json, true)
  })
  test('after -- everything is an argument', () => {
    assert.equal(parsed(add, ['--', '--odd']).arguments.get('name'), '--odd')
  })
  test('help needs no arguments', () => {
    assert.equal(parsed(add, ['--help']).help, true)
  })

  const refused: readonly { name: string; words: string[]; error: RegExp }[] = [
    { name: 'a missing argument', words: [], error: /^service add needs its name$/ },
    { name: 'one too many', words: ['a', 'b'], error: /takes 1 argument; 'b' is too much$/ },
    { name: 'an unknown option', words: ['a', '--tesst'], error: /no option --tesst; did you mean --test\?$/ },
    { name: 'a missing value', words: ['a', '--type'], error: /^--type needs a value: --type TYPE$/ },
    { name: 'a switch with a value', words: ['a', '--test=1'], error: /^--test takes no value$/ },
    {
      name: 'one that may be given once',
      words: ['a', '--type', 'x', '--type', 'y'],
      error: /--type was given twice$/,
    },
  ]
  for (const { name, words, error } of refused) {
    test(name, () => {
      assert.throws(
        () => parsed(add, words),
        (thrown: unknown) => thrown instanceof UsageError && error.test(thrown.message),
      )
    })
  }
})
