// The direct check of a history.
//
// Linearizability is local (Herlihy and Wing, "Linearizability: a correctness condition for concurrent
// objects", TOPLAS 12(3), 1990): a history is legal if its part for each actor is. In general one has to
// search for an order (Wing and Gong 1993; Gibbons and Korach 1997 show that the question is NP-complete),
// but here the versions give away the order of the saves, and what is left is arithmetic:
//
// 1. What is stored. Every acknowledged save stores its event, refused ones store none, and a save of
//    unknown outcome stores its event if and only if it is shown and no acknowledged save accounts for it.
//    Letting the others never happen loses nothing: take a legal order in which one is stored though nobody
//    is shown its version. Without it each read shows the same, each latest version that was answered is
//    the same (it was another one's), and each save finds a latest version that is not higher. If several
//    saves of unknown outcome would do for a version, the one that started first allows all that the
//    others allow.
// 2. In which order. A save is accepted only above the latest version. So v1 < v2 < ... < vn, the stored
//    versions, were stored in this order, at moments t1 <= t2 <= ... <= tn.
// 3. What is asked of the moments. An acknowledged save of vk: start <= tk <= end; one of unknown outcome:
//    start <= tk. An answer that shows that no fewer than a and no more than b events are stored, of a call
//    from s to e: at some p, s <= p <= e and ta <= p <= tb+1; as ta <= tb+1 there is such a p, max(s, ta),
//    if and only if ta <= e and s <= tb+1. So every answer gives lower bounds L <= tj and upper bounds
//    tk <= U, and nothing else.
// 4. When that can be had. If L <= U for every lower bound L on tj and upper bound U on tk with j <= k,
//    then tk = (the greatest lower bound on any tj with j <= k) keeps all bounds and rises; if L > U for
//    one pair, then tj <= tk cannot be.
//
// Conversely such moments are a legal order: sort by moment, tk before what sees k events, that before
// tk+1. A contradiction is thus one pair of bounds, and each bound comes from one answer, given what
// was saved and when it was sent. The check reports the pair that shows first.

#include "history.h"

#include <algorithm>

#include "history_actor.h"

namespace aether::conformance {

Checked CheckHistory(std::span<const Operation> history) {
  std::vector<std::uint64_t> keys(history.size());  // actor and position
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (history[i].end < history[i].start) {
      return {Legality::kUnknown, "operation " + std::to_string(i) + " ends before it starts", {}, {i}};
    }
    keys[i] = std::uint64_t{history[i].actor} << 32 | i;
  }
  std::sort(keys.begin(), keys.end());
  Contradiction contradiction(history);
  for (std::size_t from = 0, to; from < keys.size(); from = to) {
    for (to = from; to < keys.size() && keys[to] >> 32 == keys[from] >> 32;) ++to;
    ActorCheck(history, std::span(keys).subspan(from, to - from), &contradiction).Run();
  }
  return contradiction.Result();
}

}  // namespace aether::conformance
