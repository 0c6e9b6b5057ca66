/**
 * The flags that say how a run is told of: to people, to programs, or not at all.
 */
import type { Command } from 'commander'

/** The flags as the command line has them. */
export interface TellingFlags {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly preview?: boolean
}

/** Gives a command the flags. */
export const withTelling = (command: Command): Command =>
  command
    .option('--json', 'tell what happens as lines of JSON on standard output')
    .option('--quiet', 'say nothing but what is wrong')
    .option('--preview', 'show the images on a terminal while they come to be')
