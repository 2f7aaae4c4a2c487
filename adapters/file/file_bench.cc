// The file store, measured: durable, and with the page cache only.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "aether/bench/benchmark.h"
#include "file_adapter.h"

AETHER_BENCH(file, aether::FileAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(file_page_cache, aether::PageCacheFileAdapter, aether::bench::Durability::kPageCache);

namespace aether {
namespace {

constexpr int kEvents = 100'000;

Result<void> Fill(FileStore& store) {
  Event event;
  event.id = "e";
  event.event_type = "OrderPlaced";
  event.actor_id = "a";
  event.data = *JsonObject::Parse(R"({"text":")" + std::string(300, 'x') + R"("})");
  for (event.version = 1; event.version <= kEvents; ++event.version) {
    if (auto saved = store.SaveEvent(event); !saved) return saved;
  }
  return {};
}

// Reads the JSON of an actor's events, every byte of which is checked, without decoding it.
class RawRead {
 public:
  Result<bench::Figures> operator()(const bench::RunSettings& settings) {
    using Clock = std::chrono::steady_clock;
    if (!store_) {
      auto store = adapter_.Open();
      if (!store) return store.error();
      if (auto filled = Fill(**store); !filled) return filled.error();
      store_ = *std::move(store);
    }
    std::int64_t events = 0;
    const auto begin = Clock::now();
    bench::Figures figures;
    do {
      std::size_t bytes = 0;
      const auto read = FileStoreSeam::ReadPayloads(*store_, "a", 0, [&](std::string_view json) {
        ++events;
        bytes += json.size();
      });
      if (!read) return read.error();
      if (bytes < kEvents) return StoreError(ErrorCode::kCorrupt, "events are missing");
      figures.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    } while (figures.seconds < settings.seconds);
    figures.per_second = static_cast<double>(events) / figures.seconds;
    return figures;
  }

 private:
  PageCacheFileAdapter adapter_;
  std::unique_ptr<FileStore> store_;
};

bool RegisterRawRead() {
  bench::Benchmark raw_read;
  raw_read.store = "file";
  raw_read.workload = "raw_read";
  raw_read.parameter = "events";
  raw_read.value = kEvents;
  raw_read.durability = bench::Durability::kDevice;
  raw_read.title = "Read of an actor's records, undecoded";
  raw_read.unit = "events";
  raw_read.limit = "mapped_read";
  const auto reader = std::make_shared<std::unique_ptr<RawRead>>();
  raw_read.run = [reader](const bench::RunSettings& settings) {
    if (!*reader) *reader = std::make_unique<RawRead>();
    return (**reader)(settings);
  };
  return bench::RegisterBenchmark(std::move(raw_read));
}

const bool kRegistered = RegisterRawRead();

}  // namespace
}  // namespace aether
