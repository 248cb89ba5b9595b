/** Tables and columns of sources that know little of them: names and types, and what follows from these. */
import { labelOf, pluralOf } from '../naming.ts'
import type { Column, SimpleType, TableSummary } from './types.ts'

/** A table under its own name. */
export function plainSummary(name: string, over: Partial<TableSummary> = {}): TableSummary {
  const label = labelOf(name)
  return {
    name,
    schema: null,
    alias: null,
    label,
    plural: pluralOf(label),
    description: null,
    isView: false,
    native: [],
    ...over,
  }
}

/** A column that may be null, is no key and has no default, unless `over` says so. */
export function plainColumn(name: string, type: SimpleType, over: Partial<Column> = {}): Column {
  return {
    name,
    alias: null,
    label: labelOf(name),
    description: null,
    type,
    dbType: type,
    length: null,
    precision: null,
    scale: null,
    default: null,
    hasDefault: false,
    allowNull: true,
    fixedLength: false,
    supportsMultibyte: true,
    autoIncrement: false,
    isPrimaryKey: false,
    isUnique: false,
    isIndex: false,
    isForeignKey: false,
    refTable: null,
    refField: null,
    refOnUpdate: null,
    refOnDelete: null,
    picklist: null,
    validation: null,
    dbFunction: null,
    isVirtual: false,
    isAggregate: false,
    isGenerated: false,
    native: [],
    ...over,
  }
}
