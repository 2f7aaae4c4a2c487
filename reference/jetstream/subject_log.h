// SubjectLog: one JetStream stream as a set of logs, one a subject, with compare-and-append.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "nats_client.h"
#include "record.h"

namespace aether::jetstream {

// What has to be true on the server for an append to be stored; the server checks it and appends in one
// step. There is no way to expect nothing.
class Expectation {
 public:
  // The sequence number of the subject's last record; 0: it has none.
  static Expectation OfSubject(std::uint64_t last) { return Expectation(last, std::nullopt); }

  // The sequence number of the last record ever stored in the stream; 0: none ever was.
  static Expectation OfStream(std::uint64_t last) { return Expectation(std::nullopt, last); }

  static Expectation OfBoth(std::uint64_t last_of_subject, std::uint64_t last_of_stream) {
    return Expectation(last_of_subject, last_of_stream);
  }

  const std::optional<std::uint64_t>& last_of_subject() const { return last_of_subject_; }
  const std::optional<std::uint64_t>& last_of_stream() const { return last_of_stream_; }

 private:
  Expectation(std::optional<std::uint64_t> last_of_subject, std::optional<std::uint64_t> last_of_stream)
      : last_of_subject_(last_of_subject), last_of_stream_(last_of_stream) {}

  std::optional<std::uint64_t> last_of_subject_;
  std::optional<std::uint64_t> last_of_stream_;
};

// The numbers of the oldest record that has not expired, and of the last one ever stored.
struct StreamBounds {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
};

// All threads may use it. Reads are answered by the stream's leader, so every acknowledged record is seen.
// Read errors: kUnavailable (trying again is safe), kNotFound (no such stream).
class SubjectLog {
 public:
  using Clock = std::chrono::steady_clock;

  SubjectLog(std::shared_ptr<Connection> connection, std::string stream)
      : connection_(std::move(connection)), stream_(std::move(stream)) {}

  const std::string& stream() const { return stream_; }

  // The subject's last record.
  Result<std::optional<Record>> Last(const std::string& subject) const;

  // The stream's last record; nothing also when that one has expired.
  Result<std::optional<Record>> LastOfStream() const { return Last(">"); }

  // The subject's first record at or after `sequence`.
  Result<std::optional<Record>> Next(const std::string& subject, std::uint64_t sequence) const;

  // The record of that number, whatever its subject.
  Result<std::optional<Record>> At(std::uint64_t sequence) const;

  // A read of up to so many records asks for them one by one; for a longer one, making a consumer (about a
  // third of a millisecond) pays.
  static constexpr int kSingleReads = 5;

  // Calls `visit` for each of the subject's records from `first` to `last`, in order, until it answers
  // false. `last` is a record's number that was read as the subject's last one: without it the answer is no
  // success, unless it has expired or was replaced. `is_long`: there are more than kSingleReads, it is
  // believed. Nothing but the time that it takes depends on that.
  Result<void> ForEach(const std::string& subject, std::uint64_t first, std::uint64_t last, bool is_long,
                       const std::function<bool(Record)>& visit) const;

  Result<StreamBounds> Bounds() const;

  // Stores `draft` if the expectation holds: its sequence number. Nothing when the expectation does not
  // hold and nothing was stored, nor will be. Attempts whose outcome is unknown are repeated, under the
  // same message id, until it is known or `deadline` has come (kOutcomeUnknown). Any other error: nothing
  // was stored.
  Result<std::optional<std::uint64_t>> Append(const Draft& draft, const Expectation& expectation,
                                              Clock::time_point deadline) const;

 private:
  struct Attempt;
  struct Fate;

  Result<std::optional<Record>> Get(const std::string& request) const;
  Attempt TryAppend(const Request& request, Clock::time_point deadline) const;
  Result<Fate> FindFate(const Request& request, const std::string& message_id,
                        const Expectation& expectation, bool all_refused) const;

  std::shared_ptr<Connection> connection_;
  std::string stream_;
};

}  // namespace aether::jetstream
