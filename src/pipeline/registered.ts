/**
 * Members of choices, made of the registries: whoever is in a registry is in the vocabulary, with the settings that it knows.
 */
import type * as t from 'io-ts'
import { settingsOf } from '../tunable.ts'
import { type AnyField, defaulted, free, kind, Struct } from './struct.ts'

/** What is known of settings beside their codecs. */
export interface Known {
  /** What stands for a setting that is left out, by kind and name; a setting without one is left out then. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** What editors show, by name. */
  readonly about: Readonly<Record<string, string>>
}

/**
 * For each kind of a registry the codec of `{ kind, …its settings }`.
 *
 * @param registry - functions with settings, by kind
 * @param known - defaults and descriptions of the settings
 * @param before - fields of every kind, before its own
 * @param after - fields of every kind, after its own
 */
export const registered = <Kind extends string>(
  registry: Readonly<Record<Kind, object>>,
  { defaults, about }: Known,
  before: Readonly<Record<string, AnyField>> = {},
  after: Readonly<Record<string, AnyField>> = {},
): Readonly<Record<Kind, Struct<unknown>>> => {
  const fieldOf = (name: string, setting: string, codec: t.Mixed): AnyField => {
    const text = about[setting] ?? `${codec.name}.`
    const fallback = defaults[name]?.[setting]
    return fallback === undefined ? free(codec, text) : defaulted(codec, fallback, text)
  }
  const members = Object.entries<object>(registry).map(([name, make]) => {
    const own = Object.entries(settingsOf(make)).map(
      ([setting, codec]) => [setting, fieldOf(name, setting, codec)] as const,
    )
    return [
      name,
      new Struct(name, { kind: kind(name), ...before, ...Object.fromEntries(own), ...after }),
    ] as const
  })
  return Object.fromEntries(members) as Readonly<Record<Kind, Struct<unknown>>>
}
