// Reading a stream by subject, and the append whose outcome is always told truly.

#include "subject_log.h"

#include <algorithm>
#include <thread>

#include "pull_reader.h"

namespace aether::jetstream {
namespace {

using std::chrono::milliseconds;

// How long an append waits between attempts that fail at once.
constexpr milliseconds kPause{10};
// How long it tries to reach a stream that does not listen.
constexpr milliseconds kListenLimit{250};

milliseconds Until(SubjectLog::Clock::time_point deadline) {
  return std::chrono::ceil<milliseconds>(deadline - SubjectLog::Clock::now());
}

// Not by jsPubOptions, where a sequence number of 0 means "not set": the append would be unconditional.
void AddExpectation(const Expectation& expectation, Request* request) {
  if (const auto& last = expectation.last_of_subject()) {
    request->headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(*last));
  }
  if (const auto& last = expectation.last_of_stream()) {
    request->headers.emplace_back("Nats-Expected-Last-Sequence", std::to_string(*last));
  }
}

}  // namespace

Result<std::optional<Record>> SubjectLog::Get(const std::string& request) const {
  const std::string what = "cannot read stream " + stream_;
  const Answer answer = connection_->requester().Ask({"$JS.API.STREAM.MSG.GET." + stream_, request, {}},
                                                     connection_->time_limit());
  if (answer.status != NATS_OK) return Translate(answer.status, kNoJsError, what);
  return ParseGetAnswer(answer.data, what);
}

// Subjects need no escaping in JSON: see EncodeToken.
Result<std::optional<Record>> SubjectLog::Last(const std::string& subject) const {
  return Get("{\"last_by_subj\":\"" + subject + "\"}");
}

Result<std::optional<Record>> SubjectLog::Next(const std::string& subject, std::uint64_t sequence) const {
  return Get("{\"seq\":" + std::to_string(std::max<std::uint64_t>(sequence, 1)) + ",\"next_by_subj\":\"" +
             subject + "\"}");
}

Result<std::optional<Record>> SubjectLog::At(std::uint64_t sequence) const {
  return Get("{\"seq\":" + std::to_string(sequence) + "}");
}

Result<void> SubjectLog::ForEach(const std::string& subject, std::uint64_t first, std::uint64_t last,
                                 bool is_long, const std::function<bool(Record)>& visit) const {
  for (int reads = is_long ? kSingleReads : 0; first <= last && reads < kSingleReads; ++reads) {
    auto record = Next(subject, first);
    if (!record) return record.error();
    if (!*record) {
      const auto bounds = Bounds();
      if (!bounds) return bounds.error();
      if (bounds->first_sequence > last) return {};  // expired while we read
      continue;  // `last` was there: a server has answered that leads the stream no longer
    }
    if ((*record)->sequence > last) return {};  // `last` has expired, or was replaced
    first = (*record)->sequence + 1;
    if (!visit(std::move(**record))) return {};
  }
  if (first > last) return {};

  const auto reader = PullReader::Start(connection_, stream_, subject, first);
  if (!reader) return reader.error();
  while (first <= last) {
    auto record = (*reader)->Next(connection_->time_limit());
    if (!record) return record.error();
    if (!*record) {
      const auto bounds = Bounds();
      if (!bounds) return bounds.error();
      if (bounds->first_sequence > last) return {};  // expired while we read
      return StoreError(ErrorCode::kUnavailable, "the server does not deliver stream " + stream_);
    }
    if ((*record)->sequence > last) return {};
    first = (*record)->sequence + 1;
    if (!visit(std::move(**record))) return {};
  }
  return {};
}

Result<StreamBounds> SubjectLog::Bounds() const {
  const std::string what = "cannot read stream " + stream_;
  if (!connection_->is_up()) return NotConnected(what);
  jsStreamInfo* raw = nullptr;
  jsErrCode code = kNoJsError;
  const natsStatus status = js_GetStreamInfo(&raw, connection_->js(), stream_.c_str(), nullptr, &code);
  const StreamInfoPtr info(raw);
  if (status != NATS_OK) return Translate(status, code, what);
  return StreamBounds{info->State.FirstSeq, info->State.LastSeq};
}

// What became of one attempt to append.
struct SubjectLog::Attempt {
  enum class Outcome { kStored, kExpectationLost, kNobodyListened, kNotStored, kUnknown };
  Outcome outcome;
  std::uint64_t sequence = 0;       // kStored
  std::optional<StoreError> error;  // the other outcomes
  bool answered = false;            // the server said so
};

// What is known of a message that may have been stored.
struct SubjectLog::Fate {
  std::optional<std::uint64_t> sequence;  // it is stored, as this number
  bool overtaken = false;                 // it is not, nor will be: another record has taken its place
};

SubjectLog::Attempt SubjectLog::TryAppend(const Request& request, Clock::time_point deadline) const {
  using Outcome = Attempt::Outcome;
  const std::string what = "cannot write to stream " + stream_;
  // Several attempts must fit into the time there is.
  const auto limit =
      std::clamp(Until(deadline), milliseconds(1), connection_->time_limit() / 4 + milliseconds(1));

  const Answer answer = connection_->requester().Ask(request, limit);
  if (answer.status == NATS_OK) {
    const auto parsed = ParsePublishAnswer(answer.data);
    if (!parsed) {
      return {Outcome::kUnknown, 0,
              StoreError(ErrorCode::kUnavailable, what + ": no acknowledgement came")};
    }
    if (parsed->error == kNoJsError && parsed->sequence == 0) {
      return {Outcome::kUnknown, 0,
              StoreError(ErrorCode::kUnavailable, what + ": the server does not say what became of it"),
              true};
    }
    // An acknowledgement that says "duplicate" is ours too: nobody else has this message id.
    if (parsed->error == kNoJsError) return {Outcome::kStored, parsed->sequence, std::nullopt};
    if (IsWrongLastSequence(parsed->error)) return {Outcome::kExpectationLost, 0, std::nullopt, true};
    StoreError error = TranslateServerError(parsed->error, parsed->description, what);
    return {LeavesOutcomeOpen(parsed->error) ? Outcome::kUnknown : Outcome::kNotStored, 0, std::move(error),
            true};
  }
  StoreError error = Translate(answer.status, kNoJsError, what);
  if (answer.status == NATS_NO_RESPONDERS) return {Outcome::kNobodyListened, 0, std::move(error)};
  return {answer.sent ? Outcome::kUnknown : Outcome::kNotStored, 0, std::move(error)};
}

// A message id of its own for each call: a cluster takes an id for a duplicate also after it has refused
// the message that came with it.
Result<std::optional<std::uint64_t>> SubjectLog::Append(const Draft& draft, const Expectation& expectation,
                                                        Clock::time_point deadline) const {
  using Outcome = Attempt::Outcome;
  using Appended = std::optional<std::uint64_t>;
  const std::string message_id = NewMessageId(draft);
  Request request = ToRequest(draft, message_id);
  AddExpectation(expectation, &request);
  // A stream that is just being made, or that is choosing a leader, does not listen for a moment.
  const auto patience = Clock::now() + kListenLimit;
  bool unsure = false;      // an attempt may have been stored, or may be still
  bool all_refused = true;  // each attempt was answered: the expectation does not hold
  for (;;) {
    const Attempt attempt = TryAppend(request, deadline);
    const bool is_last = Clock::now() + kPause >= deadline;
    all_refused = all_refused && attempt.outcome == Outcome::kExpectationLost;
    switch (attempt.outcome) {
      case Outcome::kStored:
        return Appended(attempt.sequence);
      case Outcome::kExpectationLost:
        if (!unsure && !connection_->replicated()) return Appended();
        // Refused perhaps because of our own earlier attempt, or by a server that no longer leads the
        // stream, while the one that does stores the record.
        unsure = true;
        break;
      case Outcome::kNobodyListened:
        if (!unsure && (is_last || Clock::now() >= patience)) return *attempt.error;
        break;
      case Outcome::kNotStored:
        if (!unsure) return *attempt.error;
        break;
      case Outcome::kUnknown:
        unsure = true;
        break;
    }
    // A server that is silent would not answer a read either.
    if (unsure && attempt.answered) {
      const auto fate = FindFate(request, message_id, expectation, all_refused);
      if (fate && (fate->sequence || fate->overtaken)) return fate->sequence;
    }
    if (is_last) {
      return StoreError(ErrorCode::kOutcomeUnknown,
                        "the server did not say whether the record was stored in " + stream_ +
                            (attempt.error ? ": " + attempt.error->message() : std::string()));
    }
    std::this_thread::sleep_for(kPause);
  }
}

// A message whose expectation is lost is not stored any more. It is lost for certain only when another
// record is seen where this one should be, or when what it expects has expired: a server may refuse a
// second attempt because of the first, which it is just storing.
Result<SubjectLog::Fate> SubjectLog::FindFate(const Request& request, const std::string& message_id,
                                              const Expectation& expectation, bool all_refused) const {
  Fate fate;
  // The place where it would be is known, and one answer tells all: two may be of two servers.
  if (expectation.last_of_stream()) {
    const auto there = At(*expectation.last_of_stream() + 1);
    if (!there) return there.error();
    fate.overtaken = there->has_value();
    if (*there && (*there)->message_id == message_id) fate.sequence = (*there)->sequence;
    return fate;
  }
  const auto last = Last(request.subject);
  if (!last) return last.error();
  const std::uint64_t after = expectation.last_of_subject().value_or(0);
  if (!*last && after != 0 && all_refused) {
    const auto bounds = Bounds();
    if (!bounds) return bounds.error();
    fate.overtaken = bounds->first_sequence > after;
  }
  if (!*last || (*last)->sequence <= after) return fate;
  if ((*last)->message_id == message_id) {
    fate.sequence = (*last)->sequence;
    return fate;
  }
  std::uint64_t seen = 0;
  const auto read =
      ForEach(request.subject, after + 1, (*last)->sequence, false, [&](const Record& record) {
        seen = record.sequence;
        if (record.message_id == message_id) fate.sequence = seen;
        return !fate.sequence;
      });
  if (!read) return read.error();
  fate.overtaken = seen == (*last)->sequence;
  return fate;
}

}  // namespace aether::jetstream
