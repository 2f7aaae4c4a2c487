// How a save finds what to expect, also after expiry, and how a read finds where to begin.

#include "event_streams.h"

#include <algorithm>
#include <thread>

#include "aether/wire.h"
#include "replay.h"
#include "streams.h"

namespace aether::jetstream {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxHints = 10'000;

// A publish is never under way for so long. Where events may expire sooner, one could come and go while a
// save that knows nothing of it is under way: see TailAfterExpiry.
constexpr milliseconds kLongestFlight = std::chrono::hours(1);

constexpr milliseconds kMirrorPause{1};
constexpr milliseconds kReplicaPause{10};

// The end of a subject.
struct End {
  std::uint64_t last = 0;       // number of the last record; 0: there is none
  std::optional<Record> event;  // the last record that is ours
  int others = 0;               // records that are not, when all had to be looked at
};

// Mostly the `last` record is ours. Only where somebody else wrote on the subject all are looked at.
Result<End> FindEnd(const SubjectLog& log, const std::string& subject, Result<std::optional<Record>> last) {
  End end;
  if (!last) return last.error();
  if (!*last) return end;
  end.last = (*last)->sequence;
  if ((*last)->stamp) {
    end.event = std::move(*last);
    return end;
  }
  const auto read = log.ForEach(subject, 1, end.last, false, [&end](Record record) {
    if (record.stamp) {
      end.event = std::move(record);
    } else {
      ++end.others;
    }
    return true;
  });
  if (!read) return read.error();
  return end;
}

// Whether more events than are worth reading one by one may be between `version` and `last`.
bool IsFar(const Record& last, std::int64_t version) {
  return last.stamp && last.stamp->version - version >= SubjectLog::kSingleReads;
}

}  // namespace

std::optional<Tail> TailHints::Find(const std::string& subject) const {
  const std::lock_guard lock(mutex_);
  const auto found = tails_.find(subject);
  return found == tails_.end() ? std::nullopt : std::optional(found->second);
}

void TailHints::Set(const std::string& subject, const Tail& tail) {
  const std::lock_guard lock(mutex_);
  if (tails_.size() >= kMaxHints) tails_.clear();
  tails_.insert_or_assign(subject, tail);
}

void TailHints::Forget(const std::string& subject) {
  const std::lock_guard lock(mutex_);
  tails_.erase(subject);
}

std::uint64_t SeenRecords::Highest(const std::string& subject) const {
  const std::lock_guard lock(mutex_);
  const auto found = highest_.find(subject);
  return found == highest_.end() ? 0 : found->second;
}

void SeenRecords::Add(const std::string& subject, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  std::uint64_t& highest = highest_[subject];
  highest = std::max(highest, sequence);
}

EventStreams::EventStreams(std::shared_ptr<Connection> connection, const JetStreamOptions& options)
    : names_(options),
      max_age_(options.max_age),
      // Beyond the duplicates window, or after expiry, a repeated attempt could be stored twice.
      save_limit_(std::min({options.time_limit, options.duplicates_window,
                            options.max_age.count() == 0 ? options.time_limit : options.max_age})),
      time_limit_(options.time_limit),
      events_(connection, names_.events_stream),
      latest_(connection, names_.latest_stream),
      replicated_(connection->replicated()) {}

Result<void> EventStreams::Save(const Event& event) {
  auto data = EncodeEvent(event);
  if (!data) return data.error();
  const auto deadline = Clock::now() + save_limit_;
  const std::string subject = names_.EventSubject(event.actor_id);
  Draft draft = MakeDraft(subject, *std::move(data), event.version);
  std::optional<Tail> tail = hints_.Find(subject);
  bool is_hint = tail.has_value();
  for (;;) {
    if (!tail) {
      const auto read = ReadTail(subject);
      if (!read) return read.error();
      tail = *read;
      is_hint = false;
    }
    if (event.version <= tail->version && !is_hint) {
      return StoreError::Conflict(event.actor_id, event.version, tail->version);
    }
    // A hint is good enough to save on, but not to refuse by: the version may be higher by now.
    if (event.version > tail->version) {
      draft.stamp.previous_version = tail->version;
      draft.stamp.previous_sequence = tail->event_sequence;
      const auto appended = events_.Append(draft, tail->expectation, deadline);
      // The hint may be why the outcome is not known: the stream may have lost what it names.
      if (!appended) hints_.Forget(subject);
      if (!appended) return appended.error();
      if (*appended) {
        if (replicated_) seen_.Add(subject, **appended);
        hints_.Set(subject, {event.version, **appended, Expectation::OfSubject(**appended)});
        return {};
      }
      // Another writer was faster: that alone is no conflict, for versions may have gaps. (CON-04)
      hints_.Forget(subject);
    }
    tail.reset();
    if (Clock::now() >= deadline) {
      return StoreError(ErrorCode::kUnavailable, "other writers were faster for too long");
    }
  }
}

Result<std::int64_t> EventStreams::LatestVersion(std::string_view actor_id) const {
  const auto tail = ReadTail(names_.EventSubject(actor_id));
  if (!tail) return tail.error();
  return tail->version;
}

// The subject's last record. A replica that leads no longer, or not yet, may answer with what was true
// before: what this handle has seen, and has not expired, is in a right answer.
Result<std::optional<Record>> EventStreams::ReadLast(const std::string& subject) const {
  if (!replicated_) return events_.Last(subject);
  const std::uint64_t seen = seen_.Highest(subject);
  const auto deadline = Clock::now() + time_limit_;
  for (;;) {
    auto last = events_.Last(subject);
    if (!last) return last;
    const std::uint64_t sequence = *last ? (*last)->sequence : 0;
    if (sequence >= seen) {
      if (sequence > seen) seen_.Add(subject, sequence);
      return last;
    }
    const auto bounds = events_.Bounds();
    if (!bounds) return bounds.error();
    if (bounds->first_sequence > seen) return last;
    if (Clock::now() >= deadline) {
      return StoreError(ErrorCode::kUnavailable,
                        "the replicas of stream " + events_.stream() + " lag behind");
    }
    std::this_thread::sleep_for(kReplicaPause);
  }
}

Result<Tail> EventStreams::ReadTail(const std::string& subject) const {
  const auto end = FindEnd(events_, subject, ReadLast(subject));
  if (!end) return end.error();
  if (end->event) {
    return Tail{end->event->stamp->version, end->event->sequence, Expectation::OfSubject(end->last)};
  }
  // No event is left: none was ever saved, or all have expired.
  if (max_age_.count() == 0) return Tail{0, 0, Expectation::OfSubject(end->last)};
  return TailAfterExpiry(subject, end->last);
}

// The version then is that of the last event in the mirror, which keeps it. But an expectation on the
// subject says nothing about events that came and went, so a save that builds on a kept version expects the
// whole stream's last record instead: with the mirror complete up to there, the version is exact at the
// moment the server appends. That costs attempts when others save at the same time, but only the first
// save after expiry has to do it.
//
// There is another reason for that form. Servers before 2.12 check the expectations in a record's header
// once more when they mirror it. "The subject is empty" is false in the mirror where it was true in the
// stream, and the mirror would be stuck; the last number of the stream is the same in both.
Result<Tail> EventStreams::TailAfterExpiry(const std::string& subject,
                                           std::uint64_t last_of_subject) const {
  const bool fleeting = max_age_ < kLongestFlight;
  if (!fleeting && Clock::now().time_since_epoch().count() < mirror_current_until_) {
    const auto kept = LastKeptVersion(subject);
    if (!kept) return kept.error();
    if (!*kept) return Tail{0, 0, Expectation::OfSubject(last_of_subject)};
  }
  const auto last_of_stream = AwaitMirror();
  if (!last_of_stream) return last_of_stream.error();
  const auto kept = LastKeptVersion(subject);
  if (!kept) return kept.error();
  if (*kept) return Tail{**kept, 0, Expectation::OfStream(*last_of_stream)};
  return Tail{0, 0,
              fleeting ? Expectation::OfBoth(last_of_subject, *last_of_stream)
                       : Expectation::OfSubject(last_of_subject)};
}

// Waits until the mirror holds every record that the stream had when this was called, or may go without
// them: the number of the last one. kUnavailable when that takes too long, as it may just after the server
// has started.
Result<std::uint64_t> EventStreams::AwaitMirror() const {
  const auto start = Clock::now();
  const auto bounds = events_.Bounds();
  if (!bounds) return bounds.error();
  for (;;) {
    const auto mirrored = latest_.LastOfStream();
    if (!mirrored) return mirrored.error();
    if ((*mirrored ? (*mirrored)->sequence : 0) >= bounds->last_sequence) break;
    if (bounds->first_sequence <= 1)
      return bounds->last_sequence;  // nothing has expired: who has no event never had one
    if (Clock::now() - start >= time_limit_) {
      // Where everything has expired, the mirror cannot get what it has missed: go by what it has.
      if (bounds->first_sequence > bounds->last_sequence) break;
      return StoreError(ErrorCode::kUnavailable, "stream " + latest_.stream() + " lags behind");
    }
    std::this_thread::sleep_for(kMirrorPause);
  }
  // What expires before max_age has passed was stored before now. Half of it, as clocks differ.
  mirror_current_until_ = (start + max_age_ / 2).time_since_epoch().count();
  return bounds->last_sequence;
}

// The version of the actor's last event in the mirror; nothing when none was ever saved.
Result<std::optional<std::int64_t>> EventStreams::LastKeptVersion(const std::string& subject) const {
  const auto end = FindEnd(latest_, subject, latest_.Last(subject));
  if (!end) return end.error();
  if (end->event) return std::optional(end->event->stamp->version);
  if (end->others < kKeptPerActor) return std::optional<std::int64_t>();
  // They may have pushed out an event, but only one that has expired: the others are in the stream still.
  const auto bounds = events_.Bounds();
  if (!bounds) return bounds.error();
  if (bounds->first_sequence <= 1) return std::optional<std::int64_t>();
  return StoreError(ErrorCode::kCorrupt, "the latest version is lost: none of the records kept on " +
                                             subject + " was written by an event store");
}

Result<ReplayResult> EventStreams::Read(std::string_view actor_id, std::int64_t from_version) const {
  const std::string subject = names_.EventSubject(actor_id);
  const auto last = ReadLast(subject);
  if (!last) return last.error();
  if (!*last) return ReplayResult();
  const auto start = FindStart(subject, from_version, **last);
  if (!start) return start.error();
  Replay replay(actor_id, from_version);
  if (*start == (*last)->sequence) {
    replay.Add(**last);
  } else {
    const bool is_long = IsFar(**last, std::max<std::int64_t>(from_version, 1));
    const auto read =
        events_.ForEach(subject, *start, (*last)->sequence, is_long, [&](const Record& record) {
          replay.Add(record);
          return true;
        });
    if (!read) return read.error();
  }
  if (!replay.MissesSome()) return std::move(replay).Finish(0);
  const auto bounds = events_.Bounds();
  if (!bounds) return bounds.error();
  return std::move(replay).Finish(bounds->first_sequence);
}

// A sequence number with no event of `from_version` or above before it, and not much else after it.
Result<std::uint64_t> EventStreams::FindStart(const std::string& subject, std::int64_t from_version,
                                              const Record& last) const {
  if (from_version <= 1) return 1;
  if (!IsFar(last, from_version)) {
    const auto linked = FollowLinks(from_version, last);
    if (!linked) return linked.error();
    if (*linked) return **linked;
  }
  return FindByHalving(subject, from_version, last);
}

// Where the first event of `from_version` or above is, by the links from `last` back to it; nothing where
// one leads to an event that is not there.
Result<std::optional<std::uint64_t>> EventStreams::FollowLinks(std::int64_t from_version,
                                                               const Record& last) const {
  Record record = last;
  while (record.stamp && record.stamp->previous_version >= from_version) {
    const std::uint64_t sequence = record.stamp->previous_sequence;
    if (sequence == 0 || sequence >= record.sequence) return std::optional<std::uint64_t>();
    auto previous = events_.At(sequence);
    if (!previous) return previous.error();
    if (!*previous || (*previous)->subject != last.subject) return std::optional<std::uint64_t>();
    record = std::move(**previous);
  }
  if (!record.stamp || record.stamp->version < from_version) return std::optional<std::uint64_t>();
  return std::optional(record.sequence);
}

// By halving, for versions rise with sequence numbers, and cut short where an event's own link says that
// nothing before it is wanted. Records of others are passed over.
Result<std::uint64_t> EventStreams::FindByHalving(const std::string& subject, std::int64_t from_version,
                                                  const Record& last) const {
  std::uint64_t low = 1;
  std::uint64_t high = last.sequence + 1;  // nothing wanted is lost by starting at `high` or below
  std::optional<Record> probe = last;
  std::uint64_t middle = last.sequence;
  while (low < high) {
    while (probe && !probe->stamp) {
      auto next = events_.Next(subject, probe->sequence + 1);
      if (!next) return next.error();
      probe = std::move(*next);
    }
    if (probe && probe->stamp->version < from_version) {
      low = probe->sequence + 1;
    } else {
      if (probe && probe->stamp->previous_version < from_version) return std::min(probe->sequence, high);
      high = middle;
    }
    if (low >= high) break;
    middle = low + (high - low) / 2;
    auto next = events_.Next(subject, middle);
    if (!next) return next.error();
    probe = std::move(*next);
  }
  return low;
}

}  // namespace aether::jetstream
