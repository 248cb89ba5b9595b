/** Where the extras of a service's tables come from: the ability that another plugin offers, if one does. */
import { type SchemaExtras, SchemaExtrasAbility, type ServiceHost } from 'dataferry/sdk'
import { ExtendedCatalog } from '../catalog/extended.ts'
import type { Catalog } from '../catalog/types.ts'
import type { Planned, ReadPlan, WritePlan } from '../plan/types.ts'
import type { Columns, RecordStore } from '../store.ts'

/** null for services of no id (the system store among them), and where nobody keeps extras. */
export function extrasKeeper(host: ServiceHost): SchemaExtras | null {
  if (host.service.id <= 0) return null
  try {
    return host.ask(SchemaExtrasAbility)
  } catch {
    return null
  }
}

/** Looks for the extras at the first use. */
export function extendedCatalog(catalog: Catalog, host: ServiceHost): ExtendedCatalog {
  return new ExtendedCatalog(catalog, async () => {
    return host.ask(SchemaExtrasAbility).of(host.service.id)
  })
}

/** The same store, whose tables are those of the other catalog. */
export function withCatalog(store: RecordStore, catalog: Catalog): RecordStore {
  const { can, routines, explain, writeOne, writeMany, vitals } = store
  return {
    can,
    catalog,
    ...(routines && { routines }),
    read: (plan) => store.read(plan),
    ...(explain && { explain: (plan: Planned<ReadPlan>) => explain.call(store, plan) }),
    write: (work, signal, atomic) => store.write(work, signal, atomic),
    ...(writeOne && {
      writeOne: (plan: Planned<WritePlan>, signal: AbortSignal) => writeOne.call(store, plan, signal),
    }),
    ...(writeMany && {
      writeMany: (plan: Planned<WritePlan>, columns: Columns, signal: AbortSignal) =>
        writeMany.call(store, plan, columns, signal),
    }),
    ...(vitals && { vitals: () => vitals.call(store) }),
    close: () => store.close(),
  }
}
