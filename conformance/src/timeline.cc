// Timeline, and how events and errors are shown in it.

#include "timeline.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace aether::conformance {

std::string Quote(std::string_view text, std::size_t limit) {
  std::string cut(text.substr(0, limit));
  std::string quoted;
  if (IsValidUtf8(text)) {
    while (!cut.empty() && !IsValidUtf8(cut)) cut.pop_back();
    AppendJsonString(cut, &quoted);
  } else {
    quoted = "\"";
    for (unsigned char byte : cut) {
      char hex[8];
      std::snprintf(hex, sizeof hex, byte >= 0x20 && byte < 0x7f ? "%c" : "\\x%02x", byte);
      quoted += hex;
    }
    quoted += '"';
  }
  if (text.size() > limit) quoted += "... (" + std::to_string(text.size()) + " bytes)";
  return quoted;
}

namespace {

std::string Shorten(const std::string& text, std::size_t limit = 100) {
  if (text.size() <= limit) return text;
  std::string cut = text.substr(0, limit);
  while (!cut.empty() && !IsValidUtf8(cut)) cut.pop_back();
  return cut + "... (" + std::to_string(text.size()) + " bytes)";
}

std::string Describe(const Metadata& metadata) {
  std::string text = "{";
  for (const auto& [key, value] : metadata) {
    if (text.size() > 1) text += ", ";
    if (text.size() > 120) return text + "... (" + std::to_string(metadata.size()) + " pairs)}";
    text += Quote(key, 30) + ": " + Quote(value, 30);
  }
  return text + "}";
}

std::string NotEqual(std::string_view field, const std::string& expected, const std::string& actual) {
  return std::string(field) + ": expected " + expected + ", got " + actual;
}

// The same for payloads, cut down to where they begin to differ.
std::string PayloadDifference(const std::string& expected, const std::string& actual) {
  const auto [at, ignored] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  const std::size_t same = static_cast<std::size_t>(at - expected.begin());
  if (same < 60) return NotEqual("data", Shorten(expected), Shorten(actual));
  const std::size_t from = same - 20;
  return NotEqual("data from byte " + std::to_string(from), Quote(std::string_view(expected).substr(from)),
                  Quote(std::string_view(actual).substr(from)));
}

}  // namespace

std::string Describe(const Event& event) {
  return Quote(event.actor_id) + " version " + std::to_string(event.version) + " id " + Quote(event.id, 40);
}

std::string Describe(const ActorSnapshot& snapshot) {
  return Quote(snapshot.actor_id) + " version " + std::to_string(snapshot.version) + " state " +
         Shorten(snapshot.state.text(), 40);
}

std::string Describe(const StoreError& error) {
  std::string text = std::string(ErrorCodeName(error.code()));
  if (const auto& conflict = error.conflict()) {
    return text + " (actor " + Quote(conflict->actor_id) + ", attempted " +
           std::to_string(conflict->attempted_version) + ", current " +
           std::to_string(conflict->current_version) + ")";
  }
  if (!error.field().empty()) text += " (field " + error.field() + ")";
  return text + ": " + Shorten(error.message(), 160);
}

std::string DescribeVersions(const std::vector<EventPtr>& events) {
  if (events.empty()) return "no events";
  std::string text = std::to_string(events.size()) + (events.size() == 1 ? " event: " : " events: ");
  constexpr std::size_t kShown = 12;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events.size() > kShown && i == kShown - 2) {
      text += std::string("... ") + (events.back() ? std::to_string(events.back()->version) : "null");
      break;
    }
    if (i > 0) text += ", ";
    text += events[i] ? std::to_string(events[i]->version) : "null";
  }
  return text;
}

std::string Difference(const Event& expected, const Event& actual) {
  if (expected.id != actual.id) return NotEqual("id", Quote(expected.id), Quote(actual.id));
  if (expected.event_type != actual.event_type) {
    return NotEqual("eventType", Quote(expected.event_type), Quote(actual.event_type));
  }
  if (expected.actor_id != actual.actor_id) {
    return NotEqual("actorId", Quote(expected.actor_id), Quote(actual.actor_id));
  }
  if (expected.command_id != actual.command_id) {
    return NotEqual("commandId", Quote(expected.command_id), Quote(actual.command_id));
  }
  if (expected.version != actual.version) {
    return NotEqual("version", std::to_string(expected.version), std::to_string(actual.version));
  }
  if (!(expected.data == actual.data)) {
    return PayloadDifference(expected.data.text(), actual.data.text());
  }
  if (!(expected.metadata == actual.metadata)) {
    return NotEqual("metadata", Describe(expected.metadata), Describe(actual.metadata));
  }
  if (expected.timestamp != actual.timestamp) {
    const auto show = [](Timestamp t) { return t.InRange() ? t.Format() : "out of range"; };
    return NotEqual("timestamp", show(expected.timestamp), show(actual.timestamp));
  }
  return "";
}

namespace {

thread_local Timeline::Racer* this_racer = nullptr;

}  // namespace

Timeline::Racer::Racer(Timeline* timeline, int number) : timeline_(timeline), number_(number) {
  this_racer = this;
}

Timeline::Racer::~Racer() {
  this_racer = nullptr;
  const std::lock_guard lock(timeline_->mutex_);
  std::move(calls_.begin(), calls_.end(), std::back_inserter(timeline_->calls_));
}

std::size_t Timeline::Begin(std::string text) {
  const auto now = std::chrono::steady_clock::now();
  if (Racer* racer = this_racer; racer != nullptr && racer->timeline_ == this) {
    racer->calls_.push_back({racer->number_, now, now, std::move(text), ""});
    return racer->calls_.size() - 1;
  }
  const std::lock_guard lock(mutex_);
  calls_.push_back({0, now, now, std::move(text), ""});
  return calls_.size() - 1;
}

void Timeline::End(std::size_t call, std::string result) {
  const auto now = std::chrono::steady_clock::now();
  const auto note = [&](Call* ended) {
    ended->end = now;
    ended->result = std::move(result);
  };
  if (Racer* racer = this_racer; racer != nullptr && racer->timeline_ == this) {
    note(&racer->calls_[call]);
    return;
  }
  const std::lock_guard lock(mutex_);
  note(&calls_[call]);
}

void Timeline::Add(Call call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
}

void Timeline::Keep(const std::function<bool(const Call&)>& keep) {
  const std::lock_guard lock(mutex_);
  std::erase_if(calls_, [&](const Call& call) { return !keep(call); });
}

namespace {

// Of a timeline of more calls than these and one only the first and the last are shown.
constexpr std::size_t kHead = 12;
constexpr std::size_t kTail = 20;

// How many calls are left out before the i-th.
std::size_t LeftOutBefore(std::size_t i, std::size_t calls) {
  return calls > kHead + kTail + 1 && i == kHead ? calls - kHead - kTail : 0;
}

// The last call that began before the i-th ended: itself, unless others overlap it.
std::size_t LastBegunDuring(const std::vector<Call>& calls, std::size_t i) {
  std::size_t last = i;
  while (last + 1 < calls.size() && (calls[i].result.empty() || calls[last + 1].start < calls[i].end))
    ++last;
  return last;
}

}  // namespace

std::vector<Call> Timeline::Sorted() const {
  std::vector<Call> calls;
  {
    const std::lock_guard lock(mutex_);
    calls = calls_;
  }
  std::stable_sort(calls.begin(), calls.end(),
                   [](const Call& a, const Call& b) { return a.start < b.start; });
  return calls;
}

std::vector<std::string> Timeline::Lines() const {
  const std::vector<Call> calls = Sorted();
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (const std::size_t skipped = LeftOutBefore(i, calls.size()); skipped > 0) {
      lines.push_back("     ... " + std::to_string(skipped) + " calls ...");
      i += skipped;
    }
    const Call& call = calls[i];
    char number[16];
    std::snprintf(number, sizeof number, "%4zu  ", i + 1);
    std::string line = number;
    if (call.racer > 0) line += "[racer " + std::to_string(call.racer) + "] ";
    lines.push_back(line + call.text + "  ->  " + (call.result.empty() ? "no answer yet" : call.result));
  }
  return lines;
}

std::vector<TimelineCall> Timeline::Drawn() const {
  const std::vector<Call> calls = Sorted();
  std::vector<TimelineCall> drawn;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    i += LeftOutBefore(i, calls.size());
    const Call& call = calls[i];
    const std::size_t gap = call.text.find("  ");
    TimelineCall shown;
    shown.number = static_cast<int>(i) + 1;
    shown.until = static_cast<int>(LastBegunDuring(calls, i)) + 1;
    shown.lane = call.racer > 0 ? "racer " + std::to_string(call.racer) : call.text.substr(0, gap);
    shown.call = call.racer > 0 || gap == std::string::npos ? call.text : call.text.substr(gap + 2);
    shown.answer = call.result;
    drawn.push_back(std::move(shown));
  }
  return drawn;
}

}  // namespace aether::conformance
