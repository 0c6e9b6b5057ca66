/**
 * `--sampler`, and the two of its settings that have flags of their own: `--eta 0.5` is `--sampler ddim:eta=0.5`.
 */
import { rules, type RuleSettings } from '../diffusion/solver.ts'
import type { Variance } from '../diffusion/rule.ts'
import { fail } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { settingsOf } from '../tunable.ts'
import type { Read } from './flags.ts'
import { foreignSampler } from './foreign-words.ts'
import { quoted } from '../quoted.ts'
import { readNamed, scalar } from './settings-text.ts'

const shortcuts = ['eta', 'variance'] as const
type Shortcut = (typeof shortcuts)[number]

const refuse = (reason: string): Read<never> => E.left(fail('Usage', { reason }))

/** The rules that know a setting. */
const owners = (setting: string): readonly string[] =>
  Object.entries(rules).flatMap(([kind, make]) => (setting in settingsOf(make) ? [kind] : []))

const knows = (kind: string, setting: string): boolean => owners(setting).includes(kind)

/** A setting that has been said by its own flag. */
const withShortcut =
  (setting: Shortcut, text: string | undefined) =>
  (rule: RuleSettings): Read<RuleSettings> => {
    if (text === undefined) return E.right(rule)
    const { kind } = rule
    if (!knows(kind, setting)) {
      const own = shortcuts.filter((other) => knows(kind, other)).map((other) => `; ${kind} has --${other}`)
      return refuse(`--${setting} belongs to --sampler ${owners(setting).join(' and ')}${own.join('')}`)
    }
    if (setting in rule) return refuse(`--${setting} and --sampler ${kind} both say ${setting}`)
    const codec = settingsOf(rules[kind])[setting]!
    const value = scalar(text)
    const checked = codec.decode(value)
    if (E.isRight(checked)) return E.right({ ...rule, [setting]: value })
    const hint = checked.left.map(({ message = '' }) => message).join('')
    return refuse(`--${setting} takes ${codec.name}, not ${quoted(text)}${hint}`)
  }

/**
 * Reads the rule.
 *
 * @param flags - `sampler`, and where they are said `eta` and `variance`
 * @param variance - of ddpm, where nobody says it
 */
export const readRule = (
  flags: { readonly sampler: string } & Readonly<Partial<Record<Shortcut, string>>>,
  variance: Variance,
): Read<RuleSettings> =>
  pipe(
    flags.sampler,
    readNamed('--sampler', rules, (name) => foreignSampler(Object.keys(rules), name)),
    // what goes together comes before what is said of it
    E.chain(withShortcut('variance', flags.variance)),
    E.chain(withShortcut('eta', flags.eta)),
    E.map((rule) => (rule.kind === 'ddpm' ? { variance, ...rule } : rule)),
  )
