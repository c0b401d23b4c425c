/** Of questions that overtake each other only the newest counts: each call begins one, and what it
 * returns says whether that is the newest still. */
export function newestOnly(): () => () => boolean {
  let last = 0
  return () => {
    const turn = ++last
    return () => turn === last
  }
}
