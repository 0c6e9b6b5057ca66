/**
 * What a library says went wrong, as the end of a sentence of ours.
 *
 * @param error - whatever it threw
 * @returns its first line, or TensorFlow's after the number, without the full stop, and without the place in the library's own source
 */
export const reasonOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error)
  const missing = /^Cannot find (?:package|module) '([^']+)'/.exec(text)?.[1]
  return missing === undefined
    ? text
        .replace(/^Invalid TF_Status: \d+\nMessage: /, '')
        .split('\n', 1)
        .join('')
        .replace(/\/onnxruntime_src\/\S+:\d+ .*\) (?=[A-Z])/, ' ')
        .replace(/\.$/, '')
    : missing.startsWith('/')
      ? `${missing} is missing`
      : `the package ${missing} is not installed`
}
