/**
 * A small typeface of our own, drawn as text: capitals seven cells tall, lowercase five, descenders two, at most five wide.
 *
 * Printable ASCII and the few signs that captions about diffusion need. Each band lists its characters and draws them
 * side by side, six columns apiece, nine rows; {@link file://./lettering.ts} turns the cells into strokes.
 */

/** Rows and columns that a character has in a band's drawing. */
export const cell: { readonly rows: number; readonly columns: number } = { rows: 9, columns: 6 }

/** Stands for every character that the typeface lacks. */
export const missing = '▯'

/** The drawings: the rows of `art`, after an empty first one, hold the characters of `characters` from left to right. */
export const bands: ReadonlyArray<{ readonly characters: readonly string[]; readonly art: string }> = [
  {
    characters: Array.from(String.raw` !"#$%&'()*+,-./`),
    art: `
      #     # #           #   ##  #  ##   #      #    #                                      #
      #     # #    # #   #### ##  # #  #  #     #      #      #     #                        #
      #           ##### # #      #  #  #        #      #    # # #   #                       #
      #            # #   ###    #    ##         #      #     ###  #####                     #
      #            # #    # #  #    # # #       #      #    # # #   #         ###          #
                  ##### ####  #  ## #  #        #      #      #     #                      #
      #            # #    #   #  ##  ## #        #    #                  #          #     #
                                                                         #
                                                                        #`,
  },
  {
    characters: Array.from('0123456789:;<=>?'),
    art: `
 ##    #     ##    ##      #  ####   ##   ####   ##    ##                                  ##
#  #  ##    #  #  #  #    ##  #     #        #  #  #  #  #                 #        #     #  #
#  #   #       #     #   # #  ###   #        #  #  #  #  #                #          #       #
#  #   #      #    ##   #  #     #  ###     #    ##    ###  #      #     #    ####    #     #
#  #   #     #       #  ####     #  #  #    #   #  #     #              #              #   #
#  #   #    #     #  #     #  #  #  #  #   #    #  #     #               #    ####    #
 ##   ###   ####   ##      #   ##    ##    #     ##    ##   #      #      #          #     #
                                                                   #       #        #
                                                                  #`,
  },
  {
    characters: Array.from('@ABCDEFGHIJKLMNO'),
    art: `
 ###    #   ###    ###  ###   ####  ####   ###  #   # ###      #  #   # #     #   # #   #  ###
#   #   #   #  #  #   # #  #  #     #     #   # #   #  #       #  #  #  #     ## ## ##  # #   #
# ###  # #  #  #  #     #   # #     #     #     #   #  #       #  # #   #     # # # ##  # #   #
# # #  # #  ###   #     #   # ###   ###   #  ## #####  #       #  ##    #     # # # # # # #   #
# ###  ###  #  #  #     #   # #     #     #   # #   #  #       #  # #   #     #   # #  ## #   #
#     #   # #  #  #   # #  #  #     #     #   # #   #  #    #  #  #  #  #     #   # #  ## #   #
 ###  #   # ###    ###  ###   ####  #      ###  #   # ###    ##   #   # ####  #   # #   #  ###

`,
  },
  {
    characters: Array.from(String.raw`PQRSTUVWXYZ[\]^_`),
    art: `
###    ###  ###    ###  ##### #   # #   # #   # #   # #   # ##### ##    #     ##     #
#  #  #   # #  #  #       #   #   # #   # #   # #   # #   #     # #     #      #    # #
#  #  #   # #  #  #       #   #   #  # #  #   #  # #   # #     #  #      #     #
###   #   # ###    ##     #   #   #  # #  # # #   #    # #    #   #      #     #
#     # # # # #      #    #   #   #  # #  # # #  # #    #    #    #       #    #
#     #  #  #  #     #    #   #   #   #   ## ## #   #   #   #     #       #    #
#      ## # #  #  ###     #    ###    #   #   # #   #   #   ##### ##       #  ##
                                                                                          ####
`,
  },
  {
    characters: Array.from('`abcdefghijklmno'),
    art: `
#           #              #         ##         #     #      #    #     #
 #          #              #        #           #                 #     #
       ##   ###    ###   ###   ##   ###    ###  ###   #      #    #  #  #     ####  ###    ##
         #  #  #  #     #  #  #  #  #     #  #  #  #  #      #    # #   #     # # # #  #  #  #
       ###  #  #  #     #  #  ####  #     #  #  #  #  #      #    ##    #     # # # #  #  #  #
      #  #  #  #  #     #  #  #     #     #  #  #  #  #      #    # #   #     # # # #  #  #  #
       ###  ###    ###   ###   ###  #      ###  #  #  #      #    #  #   #    # # # #  #   ##
                                             #               #
                                           ##               #`,
  },
  {
    characters: Array.from('pqrstuvwxyz{|}~▯'),
    art: `
                        #                                          ##   #     ##          #####
                        #                                          #    #      #          #   #
###    ###  # ##   ###  ###   #  #  #   # # # # #   # #  #  ####   #    #      #          #   #
#  #  #  #  ##    #     #     #  #  #   # # # #  # #  #  #     #  #     #       #    #  # #   #
#  #  #  #  #      ##   #     #  #   # #  # # #   #   #  #   ##    #    #      #    # ##  #   #
#  #  #  #  #        #  #     #  #   # #  # # #  # #  #  #  #      #    #      #          #   #
###    ###  #     ###    ##    ###    #    # #  #   #  ###  ####   ##   #     ##          #####
#        #                                               #
#        #                                             ##`,
  },
  {
    characters: Array.from('…·×–√ᾱεησ₀ₜ\u0302'),
    art: `
                          ### ####                                 #
                          #                                       # #
                          #    ## #  ###  ###    ####
            # #           #   #  #  #     #  #  #  #
      #      #    ####  # #   #  #   ##   #  #  #  #   #    #
            # #         # #   #  #  #     #  #  #  #  # #   ###
# # #                    #     ## #  ###  #  #   ##   # #   #
                                             #        # #   #
                                             #         #     ##`,
  },
]
