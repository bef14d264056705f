/**
 * What several ask alike while it is being found out is found out once: a hundred people who open the same page of a specialization whose
 * doctors are full for weeks would otherwise each go through all these weeks. Whoever joins is told what held when the first asked.
 */
export function shareSearches<Answer>(): (asked: string, find: () => Promise<Answer>) => Promise<Answer> {
  const underWay = new Map<string, Promise<Answer>>()
  return (asked, find) => {
    const joined = underWay.get(asked)
    if (joined) return joined
    const answer = find().finally(() => underWay.delete(asked))
    underWay.set(asked, answer)
    return answer
  }
}
