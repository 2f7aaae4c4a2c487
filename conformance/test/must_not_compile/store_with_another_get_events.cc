// A method of another signature is told as such where the store says override.
// error: override
// error: abstract class type 'Store'
// errors: 2

#include "aether/conformance/suite.h"

class Store final : public aether::EventStore {
 public:
  aether::Result<void> SaveEvent(const aether::Event&) override { return {}; }
  aether::Result<std::vector<aether::EventPtr>> GetEvents(const std::string&, std::int64_t) override {
    return std::vector<aether::EventPtr>();
  }
  aether::Result<std::int64_t> GetLatestVersion(std::string_view) override { return 0; }
  aether::Result<void> Close() override { return {}; }
};

struct Adapter {
  aether::Result<std::unique_ptr<Store>> Open() { return std::make_unique<Store>(); }
};

AETHER_CONFORMANCE(my_store, Adapter);
