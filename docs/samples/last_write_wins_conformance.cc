// A store that the kit refutes: it takes its records for rows that may be written again.

#include <map>
#include <mutex>

#include "aether/conformance/suite.h"

namespace {

struct Table {
  std::mutex mutex;
  std::map<std::string, std::map<std::int64_t, aether::EventPtr>, std::less<>> rows;
};

class LastWriteWins final : public aether::EventStore {
 public:
  explicit LastWriteWins(Table& table) : table_(table) {}

  // [begin]
  aether::Result<void> SaveEvent(const aether::Event& event) override {
    const std::lock_guard lock(table_.mutex);
    auto& stream = table_.rows[event.actor_id];
    if (!stream.empty() && event.version < stream.rbegin()->first) {
      return aether::StoreError::Conflict(event.actor_id, event.version, stream.rbegin()->first);
    }
    stream[event.version] = std::make_shared<const aether::Event>(event);
    return {};
  }
  // [end]

  aether::Result<std::vector<aether::EventPtr>> GetEvents(std::string_view actor_id,
                                                          std::int64_t from_version) override {
    const std::lock_guard lock(table_.mutex);
    std::vector<aether::EventPtr> events;
    if (const auto stream = table_.rows.find(actor_id); stream != table_.rows.end()) {
      for (auto row = stream->second.lower_bound(from_version); row != stream->second.end(); ++row) {
        events.push_back(row->second);
      }
    }
    return events;
  }

  aether::Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    const std::lock_guard lock(table_.mutex);
    const auto stream = table_.rows.find(actor_id);
    return stream == table_.rows.end() ? 0 : stream->second.rbegin()->first;
  }

  aether::Result<void> Close() override { return {}; }

 private:
  Table& table_;
};

struct LastWriteWinsAdapter {
  aether::Result<std::unique_ptr<LastWriteWins>> Open() { return std::make_unique<LastWriteWins>(table_); }

 private:
  Table table_;
};

}  // namespace

AETHER_CONFORMANCE(last_write_wins, LastWriteWinsAdapter);
