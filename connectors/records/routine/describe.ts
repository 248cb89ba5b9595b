/** Routines as lists print them (data-plane 7): key order is the contract's. */
import type { Json } from 'dataferry/sdk'
import type { Row } from '../store.ts'
import type { Routine, RoutineField, RoutineSummary } from './types.ts'

/** Without what only a description knows. */
export const describeRoutineSummary = ({ name, label, description, native }: RoutineSummary): Row => ({
  alias: null,
  name,
  label,
  description,
  native,
})

/** `access`: the caller's mask of verbs. */
export const describeRoutine = (routine: Routine, access: number): Row => ({
  ...describeRoutineSummary(routine),
  return_type: routine.returnType,
  return_schema: routine.returnSchema.map((field, index) => ({
    name: field.name,
    position: index + 1,
    ...measures(field),
  })),
  params: routine.parameters.map((parameter, index) => ({
    name: parameter.name,
    position: index + 1,
    param_type: parameter.mode,
    ...measures(parameter),
    default: parameter.default,
  })),
  access,
})

const measures = ({ type, dbType, length, precision, scale }: RoutineField): { readonly [key: string]: Json } => ({
  type,
  db_type: dbType,
  length,
  precision,
  scale,
})
