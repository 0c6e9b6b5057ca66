/**
 * What commander refuses, in our words.
 */
import type { Command, CommanderError } from 'commander'
import { fail, type FailureOf } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { quoted } from '../quoted.ts'

const sentences: ReadonlyMap<string, (what: string) => string> = new Map([
  ['commander.unknownOption', (what) => `There is no option ${quoted(what)}`],
  ['commander.missingArgument', (what) => `A ${what} is needed`],
  ['commander.unknownCommand', (what) => `There is no command ${quoted(what)}`],
  ['commander.optionMissingArgument', (what) => `The option ${what} needs a value`],
])

/** What a command could have been told. */
const namesOf = ({ commands, options }: Command): readonly string[] => [
  ...commands.map((command) => command.name()),
  ...options.flatMap(({ long }) => long ?? []),
  '--help',
]

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
    const near = nearest(namesOf(command))(what)
    const hint = near === undefined ? '' : `; the nearest is ${near}`
    return sentence && fail('Usage', { reason: sentence(what) + hint })
  }

/** Refuses words that belong to no option and are no argument. */
export const refuseArguments = (command: Command): void => {
  if (command.registeredArguments.some(({ variadic }) => variadic)) return
  const taken = command.registeredArguments.length
  const extra = command.args[taken]
  if (extra === undefined) return
  const reason =
    taken === 0
      ? `${command.name()} takes only options, and ${quoted(extra)} belongs to none; lists have no spaces`
      : `${command.name()} takes one path, and ${quoted(extra)} is another`
  throw fail('Usage', { reason })
}
