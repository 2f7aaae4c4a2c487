// Benchmarks of an event store. A third party's benchmark program is
//
//     #include "aether/bench/bench.h"
//     struct MyAdapter { ... };  // aether/adapter.h: the one that the conformance kit takes
//     AETHER_BENCH(my_store, MyAdapter, aether::bench::Durability::kDevice);
//
// linked with aether::bench_main. docs/benchmarks.md says what is measured, and how to read it.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aether/adapter.h"

namespace aether::bench {

// What an acknowledged save survives. It stands beside every figure, and figures of different durability
// are never put side by side: nothing else decides as much about the speed of a save.
enum class Durability {
  kDevice,     // a power cut: the event is on stable storage
  kPageCache,  // the end of the process that holds it, but not a power cut: the operating system has the
               // event
  kMemory,     // nothing: the event is in the memory of the process
  kUnknown,    // nobody said
};

// "device", "page cache", "memory", "unknown".
std::string_view DurabilityName(Durability durability);

// Optional hook of an adapter: how many bytes the storage takes on disk. Without it they are counted where
// Location() names a directory.
template <typename A>
concept TellsBytesOnDisk = requires(A& adapter) {
  { adapter.BytesOnDisk() } -> std::same_as<Result<std::uint64_t>>;
};

// One fresh storage of a subject.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual Result<std::unique_ptr<EventStore>> Open() = 0;
  virtual Result<std::string> Location() = 0;  // kNotFound without the hook
  virtual Result<std::uint64_t> BytesOnDisk() = 0;
};

struct Subject {
  std::string name;
  Durability durability = Durability::kUnknown;
  std::function<std::unique_ptr<Storage>()> make;  // a fresh, empty storage; may throw
  // A handle on the storage of another process; empty without the hook.
  std::function<Result<std::unique_ptr<EventStore>>(std::string_view location)> open_at;
  // Whether the work is done in another process: then no limit of this one's bounds the store.
  bool is_remote = false;
  // What bounds a benchmark of a remote store: by the benchmark's name without the store's, such as
  // {"append/threads:1", "publish"}.
  std::map<std::string, std::string> limits{};
};

// The size of the directory that `location` names. kNotFound if it names none.
Result<std::uint64_t> BytesBelow(const std::string& location);

namespace bench_detail {

template <Adapter A>
class AdapterStorage final : public Storage {
 public:
  Result<std::unique_ptr<EventStore>> Open() override {
    auto handle = adapter_.Open();
    if (!handle) return handle.error();
    return std::unique_ptr<EventStore>(*std::move(handle));
  }

  Result<std::string> Location() override {
    if constexpr (OpensElsewhere<A>) {
      return adapter_.Location();
    } else {
      return StoreError(ErrorCode::kNotFound, "the adapter has no Location()");
    }
  }

  Result<std::uint64_t> BytesOnDisk() override {
    if constexpr (TellsBytesOnDisk<A>) {
      return adapter_.BytesOnDisk();
    } else {
      const auto location = Location();
      return location ? BytesBelow(*location) : location.error();
    }
  }

 private:
  A adapter_;
};

}  // namespace bench_detail

template <typename A>
Subject SubjectOf(std::string name, Durability durability) {
  static_assert(CheckAdapter<A>());
  Subject subject;
  subject.name = std::move(name);
  subject.durability = durability;
  if constexpr (Adapter<A>) {
    subject.make = [] { return std::make_unique<bench_detail::AdapterStorage<A>>(); };
    if constexpr (OpensElsewhere<A>) {
      subject.open_at = [](std::string_view location) -> Result<std::unique_ptr<EventStore>> {
        auto handle = A::OpenAt(location);
        if (!handle) return handle.error();
        return std::unique_ptr<EventStore>(*std::move(handle));
      };
    }
  }
  return subject;
}

// Adds every benchmark of the store to the program. Before Main(). True.
bool RegisterStore(Subject subject);

// The main() of a benchmark program: Google Benchmark's options, and those that --help lists. Exit code.
int Main(int argc, char** argv);

}  // namespace aether::bench

// Adds a store to a benchmark program, under its name. At global scope; a program may have several.
#define AETHER_BENCH(name, adapter, durability) \
  static const bool aether_bench_##name =       \
      ::aether::bench::RegisterStore(::aether::bench::SubjectOf<adapter>(#name, durability))
