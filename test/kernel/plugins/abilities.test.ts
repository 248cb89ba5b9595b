import 'reflect-metadata'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { container } from 'tsyringe'
import { Abilities } from '../../../kernel/plugins/abilities.ts'
import { ability } from '../../../kernel/plugins/contract.ts'

interface Clock {
  now(): number
}
const ClockAbility = ability<Clock>('Clock')
const fixed = (time: number): Clock => ({ now: () => time })
const fresh = () => new Abilities(container.createChildContainer())

test('abilities: what one offers, another finds, and nothing else', () => {
  const abilities = fresh()
  const [one, two] = [abilities.scope('one'), abilities.scope('two')]
  assert.equal(two.find(ClockAbility), null)
  assert.throws(() => two.ask(ClockAbility), /Nothing on this server offers Clock\./)
  const clock = fixed(1)
  one.offer(ClockAbility, clock)
  assert.equal(two.ask(ClockAbility), clock)
  assert.equal(one.find(ClockAbility), clock)
  assert.equal(fresh().scope('one').find(ClockAbility), null)
})

test('abilities: the name counts, not the object', () => {
  const abilities = fresh()
  abilities.scope('one').offer(ClockAbility, fixed(1))
  assert.equal(abilities.scope('two').ask(ability<Clock>('Clock')).now(), 1)
})

test('abilities: one offers, no second', () => {
  const abilities = fresh()
  abilities.scope('one').offer(ClockAbility, fixed(1))
  assert.throws(() => abilities.scope('two').offer(ClockAbility, fixed(2)), /Clock is offered by one already/)
})

test('abilities: an override is seen by its scope alone', () => {
  const abilities = fresh()
  const [one, two] = [abilities.scope('one'), abilities.scope('two')]
  one.offer(ClockAbility, fixed(1))
  two.override(ClockAbility, fixed(2))
  assert.deepEqual([one.ask(ClockAbility).now(), two.ask(ClockAbility).now()], [1, 2])
})
