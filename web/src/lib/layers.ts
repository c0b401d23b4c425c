import type { Schemas } from './api.svelte'

type Kind = Schemas['LayerKind']
/** A layer as a recipe's document has it: `relu`, `{maxpool: 2}` or `{conv: {filters: 32}}`. */
export type Entry = string | Record<string, unknown>
export type Layer = { kind: string; fields: Record<string, unknown> }
export type RecipeDocument = { name: string; data?: { name?: string; [more: string]: unknown }; network: Entry[]; [more: string]: unknown }

/** A document's entry with its kind and fields apart. */
export function read(entry: Entry, kinds: readonly Kind[]): Layer {
  if (typeof entry === 'string') return { kind: entry, fields: {} }
  const [kind, value] = Object.entries(entry)[0] ?? ['', null]
  if (value === null || value === undefined) return { kind, fields: {} }
  if (typeof value === 'object' && !Array.isArray(value)) return { kind, fields: value as Layer['fields'] }
  const first = kinds.find((one) => one.kind === kind)?.shorthand
  return { kind, fields: first ? { [first]: value } : {} }
}

export function write({ kind, fields }: Layer): Entry {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return Object.keys(given).length ? { [kind]: given } : kind
}

/** A layer to begin with, of which every setting that is needed has a value. */
export function newLayer(kind: string, kinds: readonly Kind[]): Layer {
  const needed: Record<string, unknown> = { filters: 32, units: 'classes', factor: 1, layers: [{ conv: { filters: 32, padding: 'same' } }, 'relu'] }
  const settings = kinds.find((one) => one.kind === kind)?.settings ?? []
  return {
    kind,
    fields: Object.fromEntries(settings.filter((one) => one.default === 'needed').map((one) => [one.name, needed[one.name] ?? 1])),
  }
}

/** What is typed into a field as the value a recipe has there. */
export function parse(text: string): unknown {
  const trimmed = text.trim()
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true'
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed
}

export function said(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}
