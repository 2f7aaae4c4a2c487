// The direct check of one actor: what is stored, in which order, and at which moments.

#include "history_actor.h"

#include <algorithm>

#include "history_words.h"

namespace aether::conformance {

namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

constexpr std::size_t kNone = VersionSlot::kNone;
constexpr std::int64_t kNever = Operation::kPending;

}  // namespace

void Contradiction::Accuse(std::vector<std::size_t> answers, std::function<Accusation()> words) {
  std::int64_t at = history_[answers[0]].start;
  for (const std::size_t answer : answers) at = std::max(at, history_[answer].start);
  if (!answers_.empty() && std::pair(answers_.size(), at_) <= std::pair(answers.size(), at)) return;
  answers_ = std::move(answers);
  at_ = at;
  words_ = std::move(words);
}

void Contradiction::Settle() {
  if (words_) settled_ = words_();
  words_ = nullptr;
}

Checked Contradiction::Result() const {
  if (answers_.empty()) return {};
  Checked checked{Legality::kIllegal, settled_.message, answers_, answers_};
  checked.window.insert(checked.window.end(), settled_.saves.begin(), settled_.saves.end());
  for (std::vector<std::size_t>* list : {&checked.answers, &checked.window}) {
    std::sort(list->begin(), list->end(), [this](std::size_t a, std::size_t b) {
      return std::pair(history_[a].start, a) < std::pair(history_[b].start, b);
    });
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return checked;
}

// The saves that may have stored something, by version, an acknowledged one first, then by start.
void ActorCheck::CollectSaves() {
  for (const std::uint64_t key : operations_) {
    const std::size_t i = Position(key);
    const Operation& op = Op(i);
    if (!op.acknowledged() && !op.unknown()) continue;
    if (op.version > 0) {
      saves_.push_back({op.version, op.unknown(), op.start, i});
    } else if (op.acknowledged()) {
      Accuse(i, "a save of version " + std::to_string(op.version) +
                    " was acknowledged, which is never above the latest version");
    }
  }
  std::sort(saves_.begin(), saves_.end());
}

void ActorCheck::MakeSlots() {
  for (std::size_t i = 0; i < saves_.size(); ++i) {
    const Save& save = saves_[i];
    if (slots_.empty() || slots_.back().version != save.version) {
      slots_.emplace_back();
      slots_.back().version = save.version;
      slots_.back().first = i;
    }
    VersionSlot& slot = slots_.back();
    slot.last = i + 1;
    slot.first_start = std::min(slot.first_start, save.start);
    if (!save.unknown && slot.acknowledged != kNone) {
      Accuse({slot.acknowledged, save.operation}, [version = save.version] {
        return Accusation{"two saves of version " + std::to_string(version) + " were acknowledged", {}};
      });
    } else if (!save.unknown) {
      slot.acknowledged = slot.told_by = save.operation;
      slot.event = Op(save.operation).event;
    }
    if (slot.event == Op(save.operation).event) slot.event_start = std::min(slot.event_start, save.start);
  }
}

// What one answer is by itself, and whether what it shows was saved at all.
void ActorCheck::CheckAnswer(std::size_t i) {
  const Operation& op = Op(i);
  if (op.kind == Kind::kRead) return CheckRead(i);
  if (op.kind == Kind::kLatest) return CheckLatest(i, op.version);
  if (op.current < op.version) {
    Accuse(i, "a save of version " + std::to_string(op.version) + " was refused, with current version " +
                  std::to_string(op.current) + ", though it is above that");
    return;
  }
  CheckLatest(i, op.current);
}

void ActorCheck::CheckRead(std::size_t i) {
  const Operation& op = Op(i);
  std::int64_t before = 0;
  std::size_t at = op.shown.empty() ? 0 : Find(op.shown.front().version);
  for (const ShownEvent& shown : op.shown) {
    const std::string version = std::to_string(shown.version);
    if (shown.version < op.version) {
      return Accuse(i, "a read from version " + std::to_string(op.version) + " shows version " + version);
    }
    if (shown.version <= before) {
      if (before == 0) return AccuseOfInvention(i, shown.version, shown.event);
      return Accuse(i, shown.version == before ? "a read shows version " + version + " twice"
                                               : "a read shows version " + version + " after version " +
                                                     std::to_string(before));
    }
    before = shown.version;
    if (at < slots_.size() && slots_[at].version < shown.version) at = Find(shown.version, at);
    if (at == slots_.size() || slots_[at].version != shown.version) {
      return AccuseOfInvention(i, shown.version, shown.event);
    }
    CheckShown(i, shown, &slots_[at++]);
  }
}

void ActorCheck::CheckShown(std::size_t i, ShownEvent shown, VersionSlot* slot) {
  if (slot->event == shown.event) return Witness(i, slot, slot->event_start);
  std::int64_t sent = kNever;  // when this event was first, at this version
  for (std::size_t s = slot->first; s < slot->last; ++s) {
    if (Op(saves_[s].operation).event == shown.event) sent = std::min(sent, saves_[s].start);
  }
  if (sent == kNever) return AccuseOfInvention(i, shown.version, shown.event);
  Witness(i, slot, sent);
  if (slot->event) {
    return Accuse({slot->told_by, i}, [this, other = slot->told_by, version = shown.version] {
      return Accusation{Op(other).acknowledged()
                            ? "a read shows another event at version " + std::to_string(version) +
                                  " than the one whose save was acknowledged"
                            : "two reads show different events at version " + std::to_string(version),
                        {}};
    });
  }
  slot->event = shown.event;
  slot->event_start = sent;
  slot->told_by = i;
}

void ActorCheck::CheckLatest(std::size_t i, std::int64_t version) {
  if (version == 0) return;
  const std::size_t at = Find(version);
  if (at == slots_.size() || slots_[at].version != version) return AccuseOfInvention(i, version, {});
  Witness(i, &slots_[at], slots_[at].first_start);
}

// Notes that operation `i` shows the version of `slot`, whose saves began at `sent` and later.
void ActorCheck::Witness(std::size_t i, VersionSlot* slot, std::int64_t sent) {
  if (slot->witness == kNone) slot->witness = i;
  if (sent <= Op(i).end) return;
  Accuse({i}, [this, i, sent, version = slot->version, first = slot->first, last = slot->last] {
    Accusation words{"version " + std::to_string(version) + " is shown by a call that ended " +
                         DescribeDuration(sent - Op(i).end) + " before any save of it began",
                     {}};
    for (std::size_t s = first; s < last; ++s) {
      if (saves_[s].start == sent) words.saves = {saves_[s].operation};
    }
    return words;
  });
}

// Operation `i` shows a version, or an event of this version, that no save can have stored.
void ActorCheck::AccuseOfInvention(std::size_t i, std::int64_t version,
                                   std::optional<std::uint64_t> event) {
  Accuse({i}, [this, i, version, event] {
    Accusation words{event ? "a read shows version " + std::to_string(version) : DescribeAnswer(Op(i)), {}};
    for (const std::uint64_t key : operations_) {
      const Operation& op = Op(Position(key));
      if (op.kind != Kind::kSave || op.version != version || op.unknown() || op.acknowledged()) continue;
      if (event && *event != op.event) continue;
      words.saves = {Position(key)};
      words.message += op.outcome == Outcome::kConflict ? ", whose save was refused"
                                                        : ", whose save was answered with unavailable";
      return words;
    }
    const std::size_t at = Find(version);
    const bool known = version > 0 && at < slots_.size() && slots_[at].version == version;
    words.message += known ? " with an event that was never saved" : ", which was never saved";
    if (known) words.saves = {saves_[slots_[at].first].operation};
    return words;
  });
}

// From here on the slots are the stored versions.
void ActorCheck::KeepStored() {
  std::erase_if(
      slots_, [](const VersionSlot& slot) { return slot.acknowledged == kNone && slot.witness == kNone; });
  for (VersionSlot& slot : slots_) {
    slot.save = slot.acknowledged;
    for (std::size_t s = slot.first; s < slot.last && slot.save == kNone; ++s) {
      const std::size_t save = saves_[s].operation;
      if (!slot.event || slot.event == Op(save).event) slot.save = save;
    }
  }
}

// A read shows all that is stored between its from-version and the last that it shows.
void ActorCheck::CheckHole(std::size_t i) {
  const Operation& op = Op(i);
  if (op.kind != Kind::kRead || op.shown.empty()) return;
  const std::size_t first = Find(op.version);
  if (Find(op.shown.back().version, first) - first + 1 == op.shown.size()) return;
  std::size_t missing = first;
  while (slots_[missing].version == op.shown[missing - first].version) ++missing;
  const VersionSlot& slot = slots_[missing];
  const bool acknowledged = slot.acknowledged != kNone;
  Accuse({i, acknowledged ? slot.acknowledged : slot.witness}, [=, this] {
    const std::string version = std::to_string(slots_[missing].version);
    return Accusation{"a read shows version " + std::to_string(Op(i).shown.back().version) +
                          " but not version " + version +
                          (acknowledged ? ", whose save was acknowledged" : ", which is shown elsewhere"),
                      {slots_[missing].save}};
  });
}

// The least and the greatest number of events that were stored when operation `i` was answered.
std::pair<std::size_t, std::size_t> ActorCheck::StoredAt(std::size_t i) const {
  const Operation& op = Op(i);
  if (op.kind == Kind::kRead && op.shown.empty()) return {0, Find(op.version)};
  const std::int64_t latest = HighestShown(op);
  const std::size_t stored = latest == 0 ? 0 : Find(latest) + 1;
  return {stored, stored};
}

// For each slot, the least upper bound on its moment and all later ones.
std::vector<ActorCheck::Bound> ActorCheck::LatestMoments() const {
  std::vector<Bound> latest(slots_.size() + 1);
  const auto lower = [this, &latest](std::size_t slot, std::size_t by) {
    if (Op(by).end < latest[slot].time) latest[slot] = {Op(by).end, by};
  };
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    if (slots_[k].acknowledged != kNone) lower(k, slots_[k].acknowledged);
  }
  ForEachAnswer([&](std::size_t i) {
    const std::size_t stored = StoredAt(i).first;
    if (stored > 0) lower(stored - 1, i);
  });
  for (std::size_t k = slots_.size(); k-- > 0;) {
    if (latest[k + 1].time < latest[k].time) latest[k] = latest[k + 1];
  }
  return latest;
}

// Each lower bound against the least upper bound that it must not exceed.
void ActorCheck::CheckMoments() {
  const std::vector<Bound> latest = LatestMoments();
  for (std::size_t j = 0; j < slots_.size(); ++j) {
    if (Op(slots_[j].save).start > latest[j].time) AccuseOfDelay(slots_[j].save, j, latest[j]);
  }
  ForEachAnswer([&](std::size_t i) {
    const std::size_t next = StoredAt(i).second;
    if (Op(i).start > latest[next].time) AccuseOfDelay(i, next, latest[next]);
  });
}

// The answer of `late`, or the answer that shows that the unknown save `late` stored, puts the storing of
// `slot` after the start of `late`; but that of `until.by` puts it before its own end.
void ActorCheck::AccuseOfDelay(std::size_t late, std::size_t slot, const Bound& until) {
  const VersionSlot& s = slots_[slot];
  const bool unknown = Op(late).unknown();
  const std::size_t answer = !unknown ? late : s.event ? s.told_by : s.witness;
  Accuse({answer, until.by}, [=, this] {
    const Operation& op = Op(late);
    const Operation& by = Op(until.by);
    const std::string delay = DescribeDuration(op.start - until.time);
    const std::int64_t seen = by.acknowledged() ? by.version : HighestShown(by);
    Accusation words{"", {slots_[Find(seen)].save}};
    if (op.kind == Kind::kRead) {
      words.message =
          by.acknowledged()
              ? DescribeAnswer(by) + " is missing from a read that began " + delay + " after it ended"
              : "version " + std::to_string(seen) + " is missing from a read that began " + delay +
                    " after " + DescribeAnswer(by) + " had ended";
    } else if (op.kind == Kind::kLatest || op.outcome == Outcome::kConflict) {
      words.message = DescribeAnswer(op) + " to a call that began " + delay + " after " +
                      DescribeAnswer(by) + " had ended";
    } else {
      words.saves.push_back(late);
      words.message = "version " + std::to_string(op.version) + " was stored by a save that began " +
                      delay + " after " + DescribeAnswer(by) + " had ended";
    }
    return words;
  });
}

}  // namespace aether::conformance
