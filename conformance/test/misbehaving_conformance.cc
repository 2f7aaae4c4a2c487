// A store that misbehaves as the environment variable AETHER_MISBEHAVE says, for the tests of the command
// line. The store does so when the largest version is saved, which of the VER rules only VER-07 does, or
// when an event has no actor id; the adapter at once.

#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "aether/conformance/suite.h"
#include "aether/memory_store.h"

namespace {

using aether::ErrorCode;
using aether::Event;
using aether::EventPtr;
using aether::Result;
using aether::StoreError;

std::string_view Mode() {
  const char* const mode = std::getenv("AETHER_MISBEHAVE");
  return mode == nullptr ? "" : mode;
}

class MisbehavingStore final : public aether::EventStore {
 public:
  explicit MisbehavingStore(std::unique_ptr<aether::MemoryStore> store) : store_(std::move(store)) {}

  Result<void> SaveEvent(const Event& event) override {
    if (event.version == std::numeric_limits<std::int64_t>::max()) {
      if (Mode() == "abort") std::abort();
      while (Mode() == "hang") pause();
      if (Mode() == "lose") return {};
      if (Mode() == "unavailable") return StoreError(ErrorCode::kUnavailable, "out for lunch");
    }
    if (event.actor_id.empty() && Mode() == "lax") return {};
    return store_->SaveEvent(event);
  }

  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    if (Mode() == "not_empty") return std::vector<EventPtr>{Leftover(actor_id)};
    return store_->GetEvents(actor_id, from_version);
  }

  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    return store_->GetLatestVersion(actor_id);
  }

  Result<void> Close() override { return store_->Close(); }

 private:
  static EventPtr Leftover(std::string_view actor_id) {
    Event event;
    event.id = "from-the-last-run";
    event.event_type = "Happened";
    event.actor_id = actor_id;
    event.version = 1;
    return std::make_shared<const Event>(std::move(event));
  }

  std::unique_ptr<aether::MemoryStore> store_;
};

class MisbehavingAdapter {
 public:
  MisbehavingAdapter() {
    if (Mode() == "no_storage") throw std::runtime_error("no disk here");
  }

  Result<std::unique_ptr<MisbehavingStore>> Open() {
    if (Mode() == "cannot_open") return StoreError(ErrorCode::kUnavailable, "the door is locked");
    if (Mode() == "open_throws") throw std::runtime_error("the door fell off");
    if (Mode() == "handles_apart") return std::make_unique<MisbehavingStore>(aether::MemoryStore().Share());
    static aether::MemoryStore one_for_all;
    if (Mode() == "nothing_discarded") return std::make_unique<MisbehavingStore>(one_for_all.Share());
    return std::make_unique<MisbehavingStore>(storage_.Share());
  }

 private:
  aether::MemoryStore storage_;
};

}  // namespace

AETHER_CONFORMANCE(misbehaving, MisbehavingAdapter);
