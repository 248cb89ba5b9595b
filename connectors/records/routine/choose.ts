/**
 * Which of a routine's overloads a call means, and its values cast to the parameters (data-plane 7): by names and number first, by the
 * kind of the values where several fit.
 */
import { BadRequest, type Bind, Decimal, type Json } from 'dataferry/sdk'
import { castToColumn, meansNull } from '../cast.ts'
import { plainColumn } from '../catalog/plain.ts'
import { type CastKind, castKind } from '../filter/casts.ts'
import { digitsOf, integerOf } from '../filter/numeric.ts'
import type { Given } from './arguments.ts'
import type { Routine, RoutineArgument, RoutineParameter } from './types.ts'

export interface Chosen {
  readonly routine: Routine
  /** Pairwise to the routine's parameters. */
  readonly values: readonly RoutineArgument[]
}

/** `routines`: overloads of one name, at least one. Throws BadRequest naming a parameter whose value does not fit. */
export function chooseRoutine(routines: readonly Routine[], given: Given): Chosen {
  const ranked = routines.map((routine) => placed(routine, given)).sort(better)
  let refused: unknown = null
  for (const candidate of ranked) {
    try {
      return { routine: candidate.routine, values: castAll(candidate) }
    } catch (thrown) {
      if (!(thrown instanceof BadRequest)) throw thrown
      refused ??= thrown
    }
  }
  throw refused
}

/** A routine with the values that would go to its parameters; undefined: none. */
interface Placed {
  readonly routine: Routine
  readonly values: readonly (Json | undefined)[]
  /** Values that find no parameter. */
  readonly unused: number
  /** Parameters without a value and a default. */
  readonly missing: number
  /** Values whose kind is the parameter's own. */
  readonly natural: number
}

function placed(routine: Routine, { positional, named, typed }: Given): Placed {
  const { parameters } = routine
  const inputs = parameters.filter(takesValue)
  // A list as long as all parameters counts those that only answer, too.
  const places = positional.length === parameters.length ? parameters : inputs
  const values = parameters.map((parameter): Json | undefined => {
    if (!takesValue(parameter)) return undefined
    const at = places.indexOf(parameter)
    const byName = parameter.name === '' ? undefined : named.get(parameter.name.toLowerCase())
    if (byName !== undefined) return byName
    if (!parameter.isVariadic || at < 0 || at >= positional.length) return positional[at]
    const rest = positional.slice(at)
    return rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest.map((each) => each ?? null)
  })
  const used = values.filter((value) => value !== undefined).length
  const manyInOne = inputs.some((parameter) => parameter.isVariadic)
    ? Math.max(0, positional.length - places.length)
    : 0
  return {
    routine,
    values,
    unused: Math.max(0, positional.length + named.size - used - manyInOne),
    missing: parameters.filter(
      (parameter, i) =>
        takesValue(parameter) && values[i] === undefined && !parameter.hasDefault && !parameter.isVariadic,
    ).length,
    natural: parameters.filter((parameter, i) => isNatural(values[i], parameter, typed)).length,
  }
}

const takesValue = ({ mode }: RoutineParameter): boolean => mode !== 'OUT'
const isVariadic = ({ routine }: Placed): number => Number(routine.parameters.some((parameter) => parameter.isVariadic))

const better = (a: Placed, b: Placed): number =>
  a.unused - b.unused ||
  a.missing - b.missing ||
  b.natural - a.natural ||
  isVariadic(a) - isVariadic(b) ||
  a.routine.parameters.length - b.routine.parameters.length

const numeric: ReadonlySet<CastKind> = new Set(['integer', 'bigint', 'decimal', 'float'])

function isNatural(value: Json | undefined, { type, dbType }: RoutineParameter, typed: boolean): boolean {
  if (value === undefined || value === null) return false
  if (Array.isArray(value)) return dbType.endsWith('[]')
  const kind = castKind(type)
  switch (typeof value) {
    case 'boolean':
      return kind === 'boolean'
    case 'number':
    case 'bigint':
      return Number.isInteger(Number(value))
        ? kind === 'integer' || kind === 'bigint'
        : kind === 'decimal' || kind === 'float'
    case 'string': {
      const digits = typed ? null : digitsOf(value)
      if (digits === null) return kind === 'string'
      return digits.exponent < 0 ? kind === 'decimal' || kind === 'float' : numeric.has(kind)
    }
    default:
      return value instanceof Decimal ? kind === 'decimal' : /^jsonb?$/.test(dbType)
  }
}

function castAll({ routine, values }: Placed): readonly RoutineArgument[] {
  return routine.parameters.map((parameter, i): RoutineArgument => {
    const value = values[i]
    if (value !== undefined) return { kind: 'value', value: castArgument(value, parameter) }
    const left = parameter.hasDefault || parameter.isVariadic || parameter.mode === 'OUT'
    return left ? { kind: 'default' } : { kind: 'value', value: null }
  })
}

/** The value as it is bound. Throws BadRequest naming the parameter. */
export function castArgument(value: Json, parameter: RoutineParameter): Bind {
  const { name, type, dbType } = parameter
  const column = plainColumn(name, type, { dbType })
  if (meansNull(value, column)) return null
  const kind = castKind(type)
  if (numeric.has(kind)) return castNumber(value, kind, parameter)
  try {
    return castToColumn(value, column)
  } catch (thrown) {
    if (!(thrown instanceof BadRequest)) throw thrown
    throw new BadRequest(thrown.message.replace(/^Field '/, "Parameter '"), { cause: thrown })
  }
}

function castNumber(value: Json, kind: CastKind, { name, type, dbType }: RoutineParameter): Bind {
  const digits = digitsOf(value)
  const whole = kind === 'integer' || kind === 'bigint'
  const integer = digits === null || !whole ? null : integerOf(digits, 'none')
  if (digits === null || (whole && (integer === null || integer === 'huge'))) {
    throw new BadRequest(`Parameter '${name}' must be a valid ${whole ? 'integer' : 'number'}.`)
  }
  const number = typeof value === 'boolean' ? Number(value) : value
  // A double is given as its text: the database reads it as exactly as it can.
  if (kind === 'float') return typeof number === 'number' ? number : String(number).trim()
  return castToColumn(number, plainColumn(name, whole ? 'bigint' : type, { dbType }))
}
