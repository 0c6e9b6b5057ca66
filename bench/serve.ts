/**
 * What all processes that a benchmark asks have in common: a JSON object per line in, and one per line out.
 */
import { createInterface } from 'node:readline'
import { type Engine, type EngineName, openEngine } from '../src/node.ts'
import { E } from '../src/fp.ts'

/** One line out. */
const say = (answer: object): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

/** Opens an engine, or leaves: the last words of a rival are why. */
export const openOrLeave = async (name: string): Promise<Engine> => {
  const opened = await openEngine(name as EngineName)()
  if (E.isRight(opened)) return opened.right
  process.stderr.write(`Error: ${opened.left.message}\n`)
  process.exit(1)
}

/**
 * Says hello, and answers until nobody asks any more; what goes wrong is an answer, too.
 *
 * @param greeting - the first line
 * @param answerTo - a request, which is trusted: both ends are ours
 */
export const serve = async (
  greeting: object,
  answerTo: (request: never) => Promise<object>,
): Promise<void> => {
  say(greeting)
  for await (const line of createInterface(process.stdin)) {
    try {
      say(await answerTo(JSON.parse(line) as never))
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) })
    }
  }
}
