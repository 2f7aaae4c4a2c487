// What the other sources here do wrong, done right.
// compiles

#include "aether/conformance/suite.h"

namespace {

class Store final : public aether::EventStore {
 public:
  aether::Result<void> SaveEvent(const aether::Event&) override { return {}; }
  aether::Result<std::vector<aether::EventPtr>> GetEvents(std::string_view, std::int64_t) override {
    return std::vector<aether::EventPtr>();
  }
  aether::Result<std::int64_t> GetLatestVersion(std::string_view) override { return 0; }
  aether::Result<void> Close() override { return {}; }
};

struct Adapter {
  using Subject = Store;
  aether::Result<std::unique_ptr<Store>> Open() { return std::make_unique<Store>(); }
  aether::Result<std::unique_ptr<Store>> OpenNamespace(std::string_view) { return Open(); }
  aether::Result<std::unique_ptr<Store>> OpenWithRetention(std::chrono::milliseconds) { return Open(); }
  aether::Result<aether::Injection> InjectMalformed(std::string_view, std::string_view) {
    return aether::Injection::Impossible();
  }
  aether::Result<aether::Capabilities> Probe() { return aether::Capabilities(); }
};

}  // namespace

AETHER_CONFORMANCE(control, Adapter);

aether::Result<void> Use(aether::EventStore& store, const aether::EventPtr& read) {
  aether::Event event = *read;  // a copy may change
  ++event.version;
  if (const auto saved = store.SaveEvent(event); !saved) return saved.error();
  return store.Close();
}
