/**
 * What a library says went wrong, as the end of a sentence of ours.
 *
 * @param error - whatever it threw
 * @returns its first line, without the full stop
 */
export const reasonOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error)
  const missing = /^Cannot find (?:package|module) '([^']+)'/.exec(text)?.[1]
  return missing === undefined
    ? text.split('\n', 1).join('').replace(/\.$/, '')
    : `the package ${missing} is not installed`
}
