// Threads, a common start, and one clock read for each operation that is timed.

#include "crew.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "flush_counter.h"

namespace aether::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Room for so many latencies of a thread is made ahead: growing it would be measured.
constexpr std::size_t kLatenciesAhead = std::size_t{1} << 21;

std::int64_t Nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

// What all threads share.
struct Schedule {
  Clock::time_point counted_from;
  Clock::time_point until;
  std::once_flag counting;
  std::uint64_t flushes_before = 0;  // counting began
  std::atomic<bool> stopped{false};
};

struct Worker {
  Operation operation;
  std::int64_t units = 0;
  Latencies latencies;
  Clock::time_point first;  // when the first counted operation began
  Clock::time_point last;   // when the last one ended
  std::optional<StoreError> error;

  void Run(const CrewSettings& settings, Schedule& schedule) {
    auto now = Clock::now();
    first = now;
    bool counts = now >= schedule.counted_from;
    std::int64_t index = 0;
    // One operation at least is counted, however long it takes.
    while ((now < schedule.until || units == 0) && !schedule.stopped.load(std::memory_order_relaxed)) {
      if (settings.most_operations != 0 && index >= settings.most_operations) break;
      if (!counts && now >= schedule.counted_from) {
        counts = true;
        first = now = Clock::now();
        std::call_once(schedule.counting, [&] { schedule.flushes_before = DeviceFlushes(); });
      }
      // Those that are not timed come first: `now` is when the timed one begins.
      for (int i = 1; i < settings.timed_of; ++i) {
        if (!Do(index++, counts)) return Stop(schedule);
      }
      if (settings.timed_of > 1) now = Clock::now();
      if (!Do(index++, counts)) return Stop(schedule);
      const auto end = Clock::now();
      if (counts) latencies.Add(Nanoseconds(end - now));
      now = end;
    }
    last = now;
  }

  bool Do(std::int64_t index, bool counts) {
    const auto came_to = operation(index);
    if (!came_to) {
      error = came_to.error();
    } else if (counts) {
      units += *came_to;
    }
    return !error;
  }

  static void Stop(Schedule& schedule) { schedule.stopped = true; }
};

Result<Figures> Sum(const std::vector<Worker>& workers, const Schedule& schedule) {
  Figures figures;
  Latencies all;
  auto first = workers.front().first;
  auto last = workers.front().last;
  std::int64_t units = 0;
  for (const Worker& worker : workers) {
    if (worker.error) return *worker.error;
    units += worker.units;
    all.AddAll(worker.latencies);
    first = std::min(first, worker.first);
    last = std::max(last, worker.last);
  }
  figures.seconds = static_cast<double>(Nanoseconds(last - first)) / 1e9;
  if (units == 0 || figures.seconds <= 0) {
    return StoreError(ErrorCode::kUnavailable, "not a single operation was done in the time there was");
  }
  figures.per_second = static_cast<double>(units) / figures.seconds;
  all.Tell(&figures.counters);
  const std::uint64_t flushes = DeviceFlushes() - schedule.flushes_before;
  if (flushes > 0)
    figures.counters["flushes_per_event"] = static_cast<double>(flushes) / static_cast<double>(units);
  return figures;
}

}  // namespace

Result<Figures> RunCrew(const CrewSettings& settings, const std::function<Operation(int thread)>& make) {
  std::vector<Worker> workers(static_cast<std::size_t>(settings.threads));
  for (int i = 0; i < settings.threads; ++i) {
    Worker& worker = workers[static_cast<std::size_t>(i)];
    worker.operation = make(i);
    worker.latencies.Reserve(kLatenciesAhead);
  }

  Schedule schedule;
  const auto seconds =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings.seconds));
  std::barrier start(settings.threads, [&]() noexcept {
    const auto now = Clock::now();
    const bool warms_up = settings.most_operations == 0;
    schedule.counted_from = warms_up ? now + seconds / 10 : now;
    schedule.until = schedule.counted_from + seconds;
    schedule.flushes_before = DeviceFlushes();
  });
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      worker.Run(settings, schedule);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return Sum(workers, schedule);
}

}  // namespace aether::bench
