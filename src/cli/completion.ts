/**
 * `rxdiffusion completion`: a script by which shells complete verbs and flags. It is made of the commands themselves.
 */
import type { Command } from 'commander'
import { render } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { type Read, readOneOf } from './flags.ts'
import { exitCode } from './exit-code.ts'

/** The shells that there is a script for. */
export const shells = ['bash', 'zsh', 'fish'] as const

const optionsOf = (command: Command): readonly string[] => [
  ...command.options.flatMap(({ long, short }) => [long, short].filter((flag) => typeof flag === 'string')),
  '--help',
]

const bash = (program: Command): string => {
  const cases = program.commands.map(
    (command) => `    ${command.name()}) words="${optionsOf(command).join(' ')}" ;;`,
  )
  const verbs = program.commands.map((command) => command.name()).join(' ')
  return [
    `_${program.name()}() {`,
    '  local current="${COMP_WORDS[COMP_CWORD]}" words',
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    `    *) words="${verbs} --help --version" ;;`,
    '  esac',
    '  if [ "$COMP_CWORD" -gt 1 ] && [ "${current#-}" = "$current" ]; then',
    '    COMPREPLY=($(compgen -f -- "$current"))',
    '  else',
    `    [ "$COMP_CWORD" -eq 1 ] && words="${verbs} --help --version"`,
    '    COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  fi',
    '}',
    `complete -o filenames -F _${program.name()} ${program.name()}`,
    '',
  ].join('\n')
}

const inQuotes = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const fish = (program: Command): string => {
  const name = program.name()
  return [
    ...program.commands.flatMap((command) => [
      `complete -c ${name} -n __fish_use_subcommand -f -a ${command.name()} -d ${inQuotes(command.description())}`,
      ...command.options.flatMap(({ long, description }) =>
        typeof long === 'string'
          ? [
              `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name()}' -l ${long.slice(2)} -d ${inQuotes(description)}`,
            ]
          : [],
      ),
    ]),
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
