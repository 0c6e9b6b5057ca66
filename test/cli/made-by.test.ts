import { expect, it } from 'vitest'
import { commandOf } from '../../src/cli/made-by.ts'

it('gives back the flags that a run depends on, and no others', () => {
  const flags = {
    finalLevel: 'first',
    labels: '-1,a b',
    resize: true,
    verbose: false,
    eta: undefined,
    image: ['a.png', 'b.png'],
    output: ['x.png'],
    fps: '5',
    over: 'steps',
  }
  expect(commandOf('interpolate', flags)).toEqual([
    'interpolate',
    '--final-level=first',
    '--labels=-1,a b',
    '--resize',
    '--image=a.png',
    '--image=b.png',
  ])
})
