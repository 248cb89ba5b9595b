/** The checks that mutations.ts takes out, one at a time. */
import { accessChecks } from './checks/access.ts'
import type { Mutation } from './checks/mutation.ts'
import { recordChecks } from './checks/records.ts'
import { surroundingChecks } from './checks/surroundings.ts'

export const mutations: readonly Mutation[] = [...accessChecks, ...recordChecks, ...surroundingChecks]
