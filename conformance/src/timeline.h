// Timeline: what a trial did to the store, call by call, for people to read when a rule fails.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aether/conformance/verdict.h"
#include "aether/event_store.h"

namespace aether::conformance {

// How values are shown: short enough for a line, exact enough to tell them apart.
std::string Quote(std::string_view text, std::size_t limit = 60);
std::string Describe(const Event& event);
std::string Describe(const ActorSnapshot& snapshot);
std::string Describe(const StoreError& error);
std::string DescribeVersions(const std::vector<EventPtr>& events);

// The first field in which two events differ, as "data: {"a":1} is not {"a":2}"; empty when equal.
std::string Difference(const Event& expected, const Event& actual);

// One call, from its start to its end, on the steady clock.
struct Call {
  int racer = 0;  // 0: the trial's own thread, or one of the store's; racers count from 1
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point end;  // once there is a result
  std::string text;                           // who makes it, two spaces, and the call
  std::string result;                         // empty: it never came back
};

// Safe from several threads. A racer's calls go to a list of its own, without a lock, until the race is
// over, so that noting them does not put the racers in a row.
class Timeline {
 public:
  // Notes the start of a call and answers its number in its list, for End().
  std::size_t Begin(std::string text);
  void End(std::size_t call, std::string result);

  // A call that is over, made elsewhere.
  void Add(Call call);

  // From here to its destruction this thread's calls are those of racer `number`; then they join the
  // timeline.
  class Racer {
   public:
    Racer(Timeline* timeline, int number);
    ~Racer();
    Racer(const Racer&) = delete;
    Racer& operator=(const Racer&) = delete;

   private:
    friend class Timeline;
    Timeline* timeline_;
    int number_;
    std::vector<Call> calls_;
  };

  // Drops the calls that `keep` refuses: for a failure of which few calls tell.
  void Keep(const std::function<bool(const Call&)>& keep);

  // One line for each call, in the order of their starts; of a long timeline the first and the last.
  std::vector<std::string> Lines() const;
  // The same calls, to be drawn.
  std::vector<TimelineCall> Drawn() const;

 private:
  std::vector<Call> Sorted() const;

  mutable std::mutex mutex_;
  std::vector<Call> calls_;
};

}  // namespace aether::conformance
