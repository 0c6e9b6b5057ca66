/** The exit codes of the command line. */
export const exitCode = { ok: 0, failed: 1, refused: 2, encoderMissing: 3, interrupted: 130 } as const
