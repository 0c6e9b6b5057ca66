/**
 * What commander refuses, in our words.
 */
import type { Command, CommanderError } from 'commander'
import { fail, type FailureOf } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { quoted } from '../quoted.ts'
import { adviceOn, foreignFlags, foreignVerbs, plainWord, translated } from './foreign-words.ts'

const sentences: ReadonlyMap<string, (what: string) => string> = new Map([
  ['commander.unknownOption', (what) => `There is no option ${quoted(what)}`],
  ['commander.missingArgument', (what) => `A ${what} is needed`],
  ['commander.unknownCommand', (what) => `There is no command ${quoted(what)}`],
  ['commander.optionMissingArgument', (what) => `The option ${what} needs a value`],
])

/** The settings of pipelines that other verbs have flags for. */
const settings: ReadonlyMap<string, string> = new Map([
  ['--output', 'outputs[0].path'],
  ['--steps', 'steps'],
  ['--spacing', 'steps.kind'],
  ['--seed', 'seed'],
  ['--seeds', 'noise.seed'],
  ['--rng', 'noise.kind'],
  ['--sampler', 'sampler'],
  ['--images', 'experiment.images.path'],
  ['--count', 'experiment.images.count'],
  ...['eta', 'guidance', 'labels', 'strength', 'model', 'engine', 'batch', 'clip'].map(
    (name) => [`--${name}`, name] as const,
  ),
])

/** What a command could have been told. */
const namesOf = ({ commands, options }: Command): readonly string[] => [
  ...commands.map((command) => command.name()),
  ...options.flatMap(({ long }) => long ?? []),
  '--help',
]

/** One of ours, where somebody writes it otherwise: `--Num_Steps`. */
const same = (known: readonly string[], word: string): string | undefined =>
  known.find((each) => each !== word && plainWord(each) === plainWord(word))

/** What more verbs than these have, is no hint. */
const MOST_VERBS = 3

/** The verbs that have a flag, or one that it stands for. */
const elsewhere = ({ parent }: Command, word: string): readonly string[] =>
  (parent?.commands ?? [])
    .filter((verb) => {
      const known = namesOf(verb)
      return known.includes(word) || translated(foreignFlags, known, word) !== undefined
    })
    .map((verb) => verb.name())

/** What somebody means who takes a word for a flag or verb of a command, as the end of a sentence. */
const meaning = (command: Command, word: string): string | undefined => {
  const known = namesOf(command)
  const table = word.startsWith('-') ? foreignFlags : foreignVerbs
  const own = same(known, word) ?? translated(table, known, word)
  if (own !== undefined) return `here it is ${own}`
  if (known.includes('--set')) {
    const flags = [...settings.keys()]
    const flag = same(flags, plainWord(word)) ?? translated(foreignFlags, flags, word)
    const setting = settings.get(flag ?? '')
    if (setting !== undefined) return `here it is --set ${setting}=…`
  }
  const advice = word.startsWith('-') ? adviceOn(word) : undefined
  if (advice !== undefined) return advice
  const near = nearest(known)(word)
  if (near !== undefined) return `the nearest is ${near}`
  const verbs = word.startsWith('--') ? elsewhere(command, word) : []
  return verbs.length === 0 || verbs.length > MOST_VERBS ? undefined : `it is for ${verbs.join(', ')}`
}

/**
 * Says what commander found wrong.
 *
 * @param command - the one that was meant
 * @returns nothing where commander has shown the help instead
 */
export const refusalOf =
  (command: Command) =>
  ({ code, message }: CommanderError): FailureOf<'Usage'> | undefined => {
    const sentence = sentences.get(code)
    const [what = ''] = (/'(.*)'/s.exec(message)?.[1] ?? '').split('=')
    const argument = command.registeredArguments.find((each) => each.name() === what)
    if (argument !== undefined && argument.description !== '')
      return sentence && fail('Usage', { reason: `${sentence(what)}: ${argument.description}` })
    const means = meaning(command, what)
    return sentence && fail('Usage', { reason: sentence(what) + (means === undefined ? '' : `; ${means}`) })
  }

/** What somebody most likely means by a word that stands alone. */
const flagFor = (command: Command, word: string): string | undefined => {
  const known = command.options
    .filter((option) => option.variadic || command.getOptionValueSource(option.attributeName()) !== 'cli')
    .flatMap(({ long }) => long ?? [])
  if (known.includes('--images') && /[/\\]|\.(?:png|npy|gz)$|ubyte$/i.test(word)) return `--images ${word}`
  if (known.includes('--output') && /\.\w{3,4}$/.test(word)) return `-o ${word}`
  return known.includes('--labels') && /^[a-z][\w-]*$/i.test(word) ? `--labels ${word}` : undefined
}

/** Refuses words that belong to no option and are no argument. */
export const refuseArguments = (command: Command): void => {
  if (command.registeredArguments.some(({ variadic }) => variadic)) return
  const taken = command.registeredArguments.length
  const extra = command.args[taken]
  if (extra === undefined) return
  const flag = flagFor(command, extra)
  const reason =
    taken === 0
      ? `${command.name()} takes only options, and ${quoted(extra)} belongs to none${flag === undefined ? '; lists have no spaces' : `; perhaps ${flag}`}`
      : `${command.name()} takes one path, and ${quoted(extra)} is another`
  throw fail('Usage', { reason })
}
