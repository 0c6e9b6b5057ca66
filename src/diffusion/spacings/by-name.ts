// The spacings of a number of steps, by name: a new one is its own file and one line here.
export { exponential } from './exponential.ts'
export { karras } from './karras.ts'
export { leading } from './leading.ts'
export { linspace } from './linspace.ts'
export { polyexponential } from './polyexponential.ts'
export { quadratic } from './quadratic.ts'
export { trailing } from './trailing.ts'
