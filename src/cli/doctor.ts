/**
 * `rxdiffusion doctor`: which engines there are, and why the others are not.
 */
import { diagnose } from '../engine/engines.ts'
import { E } from '../fp.ts'

/**
 * Says what every engine is on this machine.
 *
 * @param write - where words go
 */
export const doctor = async (write: (text: string) => unknown): Promise<void> => {
  const diagnoses = await diagnose()
  const chosen = diagnoses.find(({ found }) => E.isRight(found))
  for (const { engine, found } of diagnoses) {
    const state = E.isRight(found) ? `ready    ${found.right}` : `missing  ${found.left}`
    write(`${engine.padEnd(15)} ${state}${engine === chosen?.engine ? '   ← --engine auto' : ''}\n`)
  }
}
