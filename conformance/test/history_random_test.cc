// The direct check on histories by chance: it accepts what happened, refuses what cannot have, and agrees
// with the search wherever that comes to an end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "history.h"
#include "history_drawing.h"
#include "history_search.h"
#include "history_simulation.h"

namespace aether::conformance {

namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using History = std::vector<Operation>;

std::string Text(const History& history) {
  std::vector<std::size_t> all(history.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  std::string text;
  for (std::uint32_t actor = 0; actor < 3; ++actor) {
    History part;
    std::copy_if(history.begin(), history.end(), std::back_inserter(part),
                 [actor](const Operation& op) { return op.actor == actor; });
    for (const std::string& line : TextTimeline(part, {})) text += line + "\n";
  }
  return text;
}

// A little of everything: crowded and roomy, one actor and several, many losses and none.
Simulation AnySimulation(Random* random, int operations) {
  return {.operations = operations,
          .clients = static_cast<int>(Pick(random, 1, 6)),
          .actors = static_cast<int>(Pick(random, 1, 3)),
          .pause = static_cast<int>(Pick(random, 0, 30)),
          .duration = static_cast<int>(Pick(random, 1, 30)),
          .lost_percent = static_cast<int>(Pick(random, 0, 2) * 20)};
}

TEST(DirectCheck, AcceptsTenThousandHistoriesThatHappened) {
  Random random(1);
  int undecided = 0;
  for (int i = 0; i < 10'000; ++i) {
    const History history =
        Simulate(&random, AnySimulation(&random, static_cast<int>(Pick(&random, 1, 40))));
    const Checked checked = CheckHistory(history);
    ASSERT_EQ(checked.verdict, Legality::kLegal) << checked.message << "\n" << Text(history);
    const Legality searched = SearchHistory(history, 100'000).verdict;
    ASSERT_NE(searched, Legality::kIllegal) << Text(history);
    undecided += searched == Legality::kUnknown ? 1 : 0;
  }
  EXPECT_LT(undecided, 100);
}

// Changes one answer so that the history cannot be true, if it finds where. Each says why it cannot.
class Spoiler {
 public:
  Spoiler(Random* random, History* history) : random_(*random), history_(*history) {}

  // The name of what was done; empty if nothing could be.
  std::string Spoil() {
    static const std::vector<std::pair<const char*, bool (Spoiler::*)(Operation*)>> ways = {
        {"acknowledged event dropped", &Spoiler::DropAcknowledged},
        {"event replaced", &Spoiler::ReplaceEvent},
        {"entries swapped", &Spoiler::SwapEntries},
        {"entry doubled", &Spoiler::DoubleEntry},
        {"entry below from", &Spoiler::EntryBelowFrom},
        {"refused event shown", &Spoiler::ShowRefused},
        {"future event shown", &Spoiler::ShowFuture},
        {"second winner", &Spoiler::SecondWinner},
        {"conflict below the attempt", &Spoiler::ConflictBelow},
        {"version never saved", &Spoiler::NeverSaved},
        {"old latest", &Spoiler::OldLatest},
        {"shown save refused", &Spoiler::RefuseShown},
    };
    const auto& [name, way] = ways[static_cast<std::size_t>(Pick(&random_, 0, std::ssize(ways) - 1))];
    const std::size_t from = static_cast<std::size_t>(Pick(&random_, 0, std::ssize(history_) - 1));
    for (std::size_t i = 0; i < history_.size(); ++i) {
      Operation& op = history_[(from + i) % history_.size()];
      if (!op.pending() && (this->*way)(&op)) return name;
    }
    return "";
  }

 private:
  static bool IsRead(const Operation& op) { return op.kind == Kind::kRead; }
  static bool IsRefused(const Operation& op) {
    return op.kind == Kind::kSave && op.outcome == Outcome::kConflict;
  }

  const Operation* Find(const Operation& like, const std::function<bool(const Operation&)>& fits) const {
    for (const Operation& op : history_) {
      if (&op != &like && op.actor == like.actor && fits(op)) return &op;
    }
    return nullptr;
  }

  // Whether a save besides `save` may have stored its event.
  bool HasDouble(const Operation& save) const {
    return Find(save, [&](const Operation& op) {
      return (op.acknowledged() || op.unknown()) && op.version == save.version && op.event == save.event;
    });
  }

  // An acknowledged event that was there when the read began.
  bool DropAcknowledged(Operation* op) {
    if (!IsRead(*op)) return false;
    for (auto at = op->shown.begin(); at != op->shown.end(); ++at) {
      if (!Find(*op, [&](const Operation& o) {
            return o.acknowledged() && o.version == at->version && o.end < op->start;
          })) {
        continue;
      }
      op->shown.erase(at);
      return true;
    }
    return false;
  }

  bool ReplaceEvent(Operation* op) {
    if (!IsRead(*op) || op->shown.empty()) return false;
    op->shown[static_cast<std::size_t>(Pick(&random_, 0, std::ssize(op->shown) - 1))].event = 1'000'000;
    return true;
  }

  bool SwapEntries(Operation* op) {
    if (!IsRead(*op) || op->shown.size() < 2) return false;
    const auto i = static_cast<std::size_t>(Pick(&random_, 1, std::ssize(op->shown) - 1));
    std::swap(op->shown[i - 1], op->shown[i]);
    return true;
  }

  bool DoubleEntry(Operation* op) {
    if (!IsRead(*op) || op->shown.empty()) return false;
    op->shown.push_back(op->shown.back());
    return true;
  }

  bool EntryBelowFrom(Operation* op) {
    if (!IsRead(*op)) return false;
    const Operation* below =
        Find(*op, [&](const Operation& o) { return o.acknowledged() && o.version < op->version; });
    if (below) op->shown.insert(op->shown.begin(), {below->version, below->event});
    return below;
  }

  // The event of a save that was refused, or never reached the store.
  bool ShowRefused(Operation* op) {
    if (!IsRead(*op)) return false;
    const Operation* refused = Find(*op, [&](const Operation& o) {
      return o.kind == Kind::kSave && !o.acknowledged() && !o.unknown() && o.version >= op->version &&
             !HasDouble(o);
    });
    if (refused) Insert({refused->version, refused->event}, &op->shown);
    return refused;
  }

  // An event whose only save began after the read.
  bool ShowFuture(Operation* op) {
    if (!IsRead(*op)) return false;
    const Operation* later = Find(*op, [&](const Operation& o) {
      return o.acknowledged() && o.version >= op->version && o.start > op->end && !HasDouble(o);
    });
    if (later) Insert({later->version, later->event}, &op->shown);
    return later;
  }

  static void Insert(ShownEvent event, std::vector<ShownEvent>* shown) {
    const auto at = std::find_if(shown->begin(), shown->end(),
                                 [&](const ShownEvent& other) { return other.version >= event.version; });
    if (at != shown->end() && at->version == event.version) {
      *at = event;
    } else {
      shown->insert(at, event);
    }
  }

  // Of two saves of a version both acknowledged.
  bool SecondWinner(Operation* op) {
    if (!IsRefused(*op) ||
        !Find(*op, [&](const Operation& o) { return o.acknowledged() && o.version == op->version; })) {
      return false;
    }
    op->outcome = Outcome::kStored;
    return true;
  }

  bool ConflictBelow(Operation* op) {
    if (!IsRefused(*op)) return false;
    op->current = op->version - Pick(&random_, 1, 3);
    return true;
  }

  bool NeverSaved(Operation* op) {
    if (!IsRefused(*op) && op->kind != Kind::kLatest) return false;
    (op->kind == Kind::kLatest ? op->version : op->current) = Chance(&random_, 80) ? 1'000'000 : -1;
    return true;
  }

  // A latest version below that of a save that was acknowledged before.
  bool OldLatest(Operation* op) {
    if (op->kind != Kind::kLatest) return false;
    const Operation* before =
        Find(*op, [&](const Operation& o) { return o.acknowledged() && o.end < op->start; });
    if (before) op->version = Pick(&random_, 0, before->version - 1);
    return before;
  }

  // The save of an event that was read, and that no other save can have stored, refused after all.
  bool RefuseShown(Operation* op) {
    if (!op->acknowledged() || HasDouble(*op)) return false;
    const ShownEvent event{op->version, op->event};
    if (!Find(*op, [&](const Operation& o) {
          return IsRead(o) && !o.pending() &&
                 std::find(o.shown.begin(), o.shown.end(), event) != o.shown.end();
        })) {
      return false;
    }
    op->outcome = Chance(&random_, 50) ? Outcome::kNothing : Outcome::kConflict;
    op->current = op->version;
    return true;
  }

  Random& random_;
  History& history_;
};

// What is left of a history when only the answers at `kept` are believed: every save was sent when it was,
// and might have come to anything, unless it is known to have stored nothing.
History Believing(const History& history, const std::vector<std::size_t>& kept) {
  History left;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (std::find(kept.begin(), kept.end(), i) != kept.end()) {
      left.push_back(history[i]);
    } else if (history[i].acknowledged() || history[i].unknown()) {
      left.push_back(history[i]);
      left.back().outcome = Outcome::kUnknown;
    }
  }
  return left;
}

// The answers contradict each other on their own, and no fewer answers of the history do.
void ExpectShortest(const History& history, const Checked& checked) {
  EXPECT_EQ(SearchHistory(Believing(history, checked.answers)).verdict, Legality::kIllegal)
      << checked.message << "\n"
      << Text(history);
  EXPECT_FALSE(checked.message.empty());
  EXPECT_LE(checked.answers.size(), 2U);
  EXPECT_LE(checked.window.size(), 4U);
  for (std::size_t i = 0; i < history.size() && checked.answers.size() > 1; ++i) {
    EXPECT_EQ(SearchHistory(Believing(history, {i})).verdict, Legality::kLegal)
        << checked.message << " but " << i << " is illegal by itself\n"
        << Text(history);
  }
}

TEST(DirectCheck, RefusesTenThousandHistoriesThatCannotHaveHappened) {
  Random random(2);
  std::map<std::string, int> caught;
  for (int i = 0; i < 10'000;) {
    History history = Simulate(&random, AnySimulation(&random, static_cast<int>(Pick(&random, 5, 60))));
    const std::string way = Spoiler(&random, &history).Spoil();
    if (way.empty()) continue;
    const Checked checked = CheckHistory(history);
    ASSERT_EQ(checked.verdict, Legality::kIllegal) << way << "\n" << Text(history);
    ++caught[way];
    ++i;
  }
  EXPECT_EQ(caught.size(), 12U);
  for (const auto& [way, count] : caught) EXPECT_GT(count, 200) << way;
}

// Any change to an answer or to the times: what comes of it may be legal or not.
void Disturb(Random* random, History* history) {
  Operation& op = (*history)[static_cast<std::size_t>(Pick(random, 0, std::ssize(*history) - 1))];
  switch (Pick(random, 0, 7)) {
    case 0:
      op.version += Pick(random, -2, 2);
      break;
    case 1:
      op.current += Pick(random, -2, 2);
      break;
    case 2:
      op.outcome = static_cast<Outcome>(Pick(random, 0, 3));
      break;
    case 3:
      op.event = static_cast<std::uint64_t>(Pick(random, 1, 6));
      break;
    case 4:
      if (!op.shown.empty()) op.shown.erase(op.shown.begin() + Pick(random, 0, std::ssize(op.shown) - 1));
      break;
    case 5:
      if (!op.shown.empty()) op.shown.back().version += Pick(random, -1, 1);
      break;
    case 6:
      op.start = std::max<std::int64_t>(0, op.start - Pick(random, 0, 40));
      break;
    default: {
      const std::int64_t delay = Pick(random, 0, 40);
      op.start += delay;
      if (!op.pending()) op.end += delay;
    }
  }
}

// Any operations at all, of so few versions and events that they have to do with each other.
History Arbitrary(Random* random) {
  History history(static_cast<std::size_t>(Pick(random, 2, 8)));
  for (Operation& op : history) {
    op.kind = Chance(random, 60) ? Kind::kSave : Chance(random, 50) ? Kind::kRead : Kind::kLatest;
    op.outcome = Chance(random, 50) ? Outcome::kUnknown : static_cast<Outcome>(Pick(random, 0, 3));
    op.start = Pick(random, 0, 12);
    op.end = Chance(random, 5) ? Operation::kPending : op.start + Pick(random, 0, 6);
    op.version = Pick(random, Chance(random, 10) ? 0 : 1, 3);
    op.event = static_cast<std::uint64_t>(Pick(random, 1, 2));
    op.current = std::min<std::int64_t>(3, op.version + Pick(random, 0, 1));
    if (op.kind != Kind::kRead) continue;
    for (std::int64_t version = op.version; version <= 3; ++version) {
      if (Chance(random, 40)) op.shown.push_back({version, static_cast<std::uint64_t>(Pick(random, 1, 2))});
    }
  }
  return history;
}

// Tries `count` histories; of each kind there are `least`.
void ExpectAgreement(int count, int least, const std::function<History()>& make) {
  int legal = 0, illegal = 0, undecided = 0;
  for (int i = 0; i < count && !testing::Test::HasFailure(); ++i) {
    const History history = make();
    const Checked checked = CheckHistory(history);
    const Legality searched = SearchHistory(history, 100'000).verdict;
    ++(searched == Legality::kUnknown ? undecided : searched == Legality::kLegal ? legal : illegal);
    if (searched == Legality::kUnknown) continue;
    EXPECT_EQ(checked.verdict, searched) << checked.message << "\n" << Text(history);
    if (checked.verdict == Legality::kIllegal) ExpectShortest(history, checked);
  }
  EXPECT_GT(legal, least);
  EXPECT_GT(illegal, least);
  EXPECT_LT(undecided, count / 1000);
}

TEST(DirectCheck, AgreesWithTheSearchOnDisturbedHistories) {
  Random random(3);
  ExpectAgreement(20'000, 4'000, [&random] {
    History history = Simulate(&random, AnySimulation(&random, static_cast<int>(Pick(&random, 2, 14))));
    for (std::int64_t times = Pick(&random, 1, 4); times > 0; --times) Disturb(&random, &history);
    return history;
  });
}

TEST(DirectCheck, AgreesWithTheSearchOnArbitraryHistories) {
  Random random(5);
  ExpectAgreement(100'000, 10'000, [&random] { return Arbitrary(&random); });
}

TEST(DirectCheck, DoesNotDependOnTheOrderOfTheOperations) {
  Random random(4);
  for (int i = 0; i < 1'000; ++i) {
    History history = Simulate(&random, AnySimulation(&random, 20));
    Disturb(&random, &history);
    const Checked checked = CheckHistory(history);
    std::reverse(history.begin(), history.end());
    const Checked reversed = CheckHistory(history);
    ASSERT_EQ(checked.verdict, reversed.verdict) << Text(history);
    ASSERT_EQ(checked.answers.size(), reversed.answers.size()) << Text(history);
  }
}

}  // namespace

}  // namespace aether::conformance
