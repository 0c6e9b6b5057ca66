/** β and ᾱ of all T timesteps. */
export interface Schedule {
  readonly name: string
  /** T. */
  readonly trainedSteps: number
  readonly betas: Float64Array
  readonly alphaBars: Float64Array
}
