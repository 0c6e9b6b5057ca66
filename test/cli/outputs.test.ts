import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { outputLines, withOutputs } from '../../src/cli/output-flags.ts'
import { readOutputs } from '../../src/cli/outputs.ts'
import { E } from '../../src/fp.ts'
import { outputKindNames } from '../../src/media/output/kinds.ts'

/** What flags ask for. */
const asked = (output: readonly string[], more = {}) => readOutputs({ output, ...more })
const sentence = (result: ReturnType<typeof readOutputs>) => E.isLeft(result) && result.left.message

describe('readOutputs', () => {
  it.each([[undefined], [[]]])('refuses %j', (output) => {
    expect(sentence(readOutputs(output === undefined ? {} : { output }))).toBe(
      'The option -o, --output <file> is needed, such as -o grid.png.',
    )
  })

  it('reads any number, in order, by their names', () => {
    const files = ['b.png', 'my-Strip.PNG', 'a/frames/', 'x.av1.mp4', 'x.gif', 'x.NPY', 'a-trajectory.npz']
    const kinds = ['grid', 'strip', 'frames', 'video', 'gif', 'samples', 'trajectory']
    expect(asked(files)).toEqual(E.right(files.map((path, i) => ({ kind: kinds[i], path }))))
  })

  it('is told otherwise by a prefix', () => {
    expect(asked(['grid:strip.png', 'trajectory:x.npy', 'strip:b.png'])).toEqual(
      E.right([
        { kind: 'grid', path: 'strip.png' },
        { kind: 'trajectory', path: 'x.npy' },
        { kind: 'strip', path: 'b.png' },
      ]),
    )
  })

  it('gives each output what it heeds of the look', () => {
    const look = { show: 'both', every: '2', fps: '12.5', scale: '3' }
    expect(asked(['x.mp4', 'trajectory:x.npz', 'x.png', 'x.npy'], look)).toEqual(
      E.right([
        { kind: 'video', path: 'x.mp4', show: ['xt', 'x0'], every: 2, fps: 12.5, scale: 3 },
        { kind: 'trajectory', path: 'x.npz', show: ['xt', 'x0'], every: 2 },
        { kind: 'grid', path: 'x.png', scale: 3 },
        { kind: 'samples', path: 'x.npy' },
      ]),
    )
  })

  it('reads standard output by its format', () => {
    expect(asked(['-', 'x.png'], { format: 'y4m', fps: '10' })).toEqual(
      E.right([
        { kind: 'y4m', path: '-', fps: 10 },
        { kind: 'grid', path: 'x.png' },
      ]),
    )
  })

  const endings =
    '.png, / (a folder), .mp4, .av1.mp4, .webm, .mkv, .webp, .gif, .apng, .npy, .npz, .safetensors, .html'
  it.each([
    [['x.jpg'], {}, `x.jpg can't be written: names of outputs end in ${endings}`],
    [['.png'], {}, `.png can't be written: names of outputs end in ${endings}`],
    [[''], {}, `"" can't be written: names of outputs end in ${endings}`],
    [['grid:'], {}, `"" can't be written: the name of a grid ends in .png`],
    [['grid:x.gif'], {}, "x.gif can't be written: the name of a grid ends in .png"],
    [
      ['gird:x.png'],
      {},
      '-o takes one of grid, strip, frames, video, gif, apng, samples, trajectory, report, y4m, raw, not gird; the nearest is grid',
    ],
    [['y4m:x.y4m'], {}, "x.y4m can't be written: y4m goes to standard output, -"],
    [['-'], {}, '-o - needs a --format, one of png, strip, png-pipe, npy, html, y4m, raw'],
    [
      ['-'],
      { format: 'mp4' },
      '--format takes one of png, strip, png-pipe, npy, html, y4m, raw, not mp4; the nearest is npy',
    ],
    [['x.png'], { format: 'y4m' }, '--format says what goes to standard output, and there is no -o -'],
    [['a.png', 'b/../a.png'], {}, '-o names the same file twice: a.png, b/../a.png'],
    [['x.png'], { fps: '5' }, '--fps is for video, gif, apng, y4m, raw, and none of the outputs is one'],
    [
      ['x.npy'],
      { show: 'x0' },
      '--show is for frames, video, gif, apng, trajectory, y4m, raw, and none of the outputs is one',
    ],
    [
      ['trajectory:x.npy'],
      { show: 'xt,eps' },
      "x.npy can't be written: a .npy holds one of xt, eps; .npz and .safetensors hold all",
    ],
    [['x.gif'], { show: 'x1' }, '--show takes one of xt, x0, eps, both, not x1; the nearest is xt'],
    [['x.gif'], { every: '0' }, '--every takes a whole number from 1 up, not 0'],
    [['x.gif'], { fps: '0' }, '--fps takes a number from 0.1 to 240, not 0'],
    [['x.gif'], { scale: '0.5' }, '--scale takes a whole number from 1 to 64, not 0.5'],
  ])('refuses %j with %j', (files, more, words) => {
    expect(sentence(asked(files, more))).toBe(`${words}.`)
  })
})

describe('withOutputs', () => {
  it('tells of every kind in the help', () => {
    let help = ''
    withOutputs(new Command('x').configureOutput({ writeOut: (text) => (help += text) })).outputHelp()
    expect(outputLines().map(([kind]) => kind)).toEqual(outputKindNames)
    for (const [kind, files, about] of outputLines())
      for (const words of [kind, files, about]) expect(help).toContain(words)
  })
})
