/**
 * `rxdiffusion completion`: a script by which shells complete verbs, flags, what flags take, and files. It is made of the commands
 * themselves.
 */
import type { Command, Option } from 'commander'
import { render } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { argumentValues, flagValues, shells } from './completion-values.ts'
import { exitCode } from './exit-code.ts'
import { type Read, readOneOf } from './flags.ts'

const namesOf = ({ long, short }: Option): readonly string[] =>
  [long, short].filter((flag) => typeof flag === 'string')

const optionsOf = (command: Command): readonly string[] => [...command.options.flatMap(namesOf), '--help']

const takesValue = ({ required, optional }: Option): boolean => required || optional

/** Whether a flag or an argument is about files. */
const isPath = (text: string): boolean => /<(?:dir|file|path)\b/.test(text)

/** All flags that take a value, each once: those of one name take the same. */
const valuedOf = (program: Command): readonly Option[] => [
  ...new Map(
    program.commands.flatMap(({ options }) =>
      options.filter(takesValue).map((option) => [option.long ?? '', option] as const),
    ),
  ).values(),
]

const bash = (program: Command): string => {
  const verbs = program.commands.map((command) => command.name()).join(' ')
  const flags = valuedOf(program)
  const branch = (options: readonly Option[]): string => options.flatMap(namesOf).join('|')
  const listed = flags.filter(({ long = '' }) => long in flagValues)
  const paths = flags.filter((option) => !listed.includes(option) && isPath(option.flags))
  const others = flags.filter((option) => !listed.includes(option) && !paths.includes(option))
  return [
    `_${program.name()}() {`,
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words',
    // --flag=value is three words
    '  if [ "$current" = "=" ]; then current=""; fi',
    '  if [ "$previous" = "=" ]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; fi',
    '  COMPREPLY=()',
    '  case "$previous" in',
    ...listed.map(
      (option) =>
        `    ${branch([option])}) COMPREPLY=($(compgen -W "${(flagValues[option.long ?? ''] ?? []).join(' ')}" -- "$current")); return ;;`,
    ),
    ...(paths.length === 0
      ? []
      : [`    ${branch(paths)}) COMPREPLY=($(compgen -f -- "$current")); return ;;`]),
    ...(others.length === 0 ? [] : [`    ${branch(others)}) return ;;`]),
    '  esac',
    `  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${verbs} --help --version" -- "$current")); return; fi`,
    '  if [ "${current#-}" = "$current" ]; then',
    '    case "${COMP_WORDS[1]}" in',
    ...Object.entries(argumentValues).map(
      ([verb, values]) =>
        `      ${verb}) if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "${values.join(' ')}" -- "$current")); fi; return ;;`,
    ),
    '    esac',
    '    COMPREPLY=($(compgen -f -- "$current")); return',
    '  fi',
    '  case "${COMP_WORDS[1]}" in',
    ...program.commands.map((command) => `    ${command.name()}) words="${optionsOf(command).join(' ')}" ;;`),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    `complete -o filenames -F _${program.name()} ${program.name()}`,
    '',
  ].join('\n')
}

const inQuotes = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** What fish is told of a flag's value. */
const fishValue = (option: Option): string => {
  if (!takesValue(option)) return ''
  const values = flagValues[option.long ?? '']
  if (values !== undefined) return ` -x -a ${inQuotes(values.join(' '))}`
  return isPath(option.flags) ? ' -r -F' : ' -x'
}

const fish = (program: Command): string => {
  const name = program.name()
  const after = (verb: string): string => `complete -c ${name} -n '__fish_seen_subcommand_from ${verb}'`
  return [
    ...program.commands.flatMap((command) => {
      const verb = command.name()
      const values = argumentValues[verb]
      return [
        `complete -c ${name} -n __fish_use_subcommand -f -a ${verb} -d ${inQuotes(command.description())}`,
        ...(values === undefined ? [] : [`${after(verb)} -f -a ${inQuotes(values.join(' '))}`]),
        ...command.options.flatMap((option) =>
          option.long === undefined
            ? []
            : [
                `${after(verb)} -l ${option.long.slice(2)}${option.short === undefined ? '' : ` -s ${option.short.slice(1)}`}${fishValue(option)} -d ${inQuotes(option.description)}`,
              ],
        ),
      ]
    }),
    '',
  ].join('\n')
}

/**
 * The script of a shell.
 *
 * @param program - with all its commands
 */
export const completion =
  (program: Command) =>
  (shell: string): Read<string> =>
    pipe(
      readOneOf('completion', shells)(shell),
      E.map((known) => {
        if (known === 'fish') return fish(program)
        return known === 'bash'
          ? bash(program)
          : `autoload -U +X bashcompinit && bashcompinit\n${bash(program)}`
      }),
    )

/** Prints the script of a shell. */
export const completionCommand = (
  program: Command,
  shell: string,
  print: (text: string) => unknown,
  complain: (text: string) => unknown,
): number =>
  pipe(
    completion(program)(shell),
    E.match(
      (failure): number => {
        complain(`${render(failure)}\n`)
        return exitCode.refused
      },
      (script) => {
        print(script)
        return exitCode.ok
      },
    ),
  )
