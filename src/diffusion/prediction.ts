/** What a network's output is. */
export type PredictionType = 'epsilon' | 'sample' | 'v_prediction'
