// EventStreams: saving and reading the events of one namespace.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "aether/event.h"
#include "aether/jetstream_store.h"
#include "subject_log.h"

namespace aether::jetstream {

// What the next save of an actor builds on.
struct Tail {
  std::int64_t version = 0;          // the actor's latest; 0: nothing was ever saved
  std::uint64_t event_sequence = 0;  // where that event is; 0: there is none, or it has expired
  Expectation expectation;           // true as long as nobody else has saved
};

// Tails that this handle has seen lately. Only hints: they spare a save the read before it, and a wrong one
// costs a refused attempt. The server decides about every save.
class TailHints {
 public:
  std::optional<Tail> Find(const std::string& subject) const;
  void Set(const std::string& subject, const Tail& tail);
  void Forget(const std::string& subject);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Tail> tails_;
};

// The highest number of a record that a handle has seen of each subject. No hint: a read has to have it, so
// nothing is ever forgotten.
class SeenRecords {
 public:
  std::uint64_t Highest(const std::string& subject) const;  // 0: none was seen
  void Add(const std::string& subject, std::uint64_t sequence);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::uint64_t> highest_;
};

// All threads may use it. Errors as the methods of EventStore have them.
class EventStreams {
 public:
  EventStreams(std::shared_ptr<Connection> connection, const JetStreamOptions& options);

  Result<void> Save(const Event& event);
  Result<std::int64_t> LatestVersion(std::string_view actor_id) const;
  Result<ReplayResult> Read(std::string_view actor_id, std::int64_t from_version) const;

 private:
  using Clock = SubjectLog::Clock;

  Result<std::optional<Record>> ReadLast(const std::string& subject) const;
  Result<Tail> ReadTail(const std::string& subject) const;
  Result<Tail> TailAfterExpiry(const std::string& subject, std::uint64_t last_of_subject) const;
  Result<std::uint64_t> AwaitMirror() const;
  Result<std::optional<std::int64_t>> LastKeptVersion(const std::string& subject) const;
  Result<std::uint64_t> FindStart(const std::string& subject, std::int64_t from_version,
                                  const Record& last) const;
  Result<std::optional<std::uint64_t>> FollowLinks(std::int64_t from_version, const Record& last) const;
  Result<std::uint64_t> FindByHalving(const std::string& subject, std::int64_t from_version,
                                      const Record& last) const;

  const JetStreamNames names_;
  const std::chrono::milliseconds max_age_;
  const std::chrono::milliseconds save_limit_;
  const std::chrono::milliseconds time_limit_;
  SubjectLog events_;
  SubjectLog latest_;
  const bool replicated_;
  TailHints hints_;
  mutable SeenRecords seen_;  // of replicated streams
  // Until then the mirror holds whatever has expired. (Steady clock, in ticks since its epoch.)
  mutable std::atomic<Clock::rep> mirror_current_until_{0};
};

}  // namespace aether::jetstream
