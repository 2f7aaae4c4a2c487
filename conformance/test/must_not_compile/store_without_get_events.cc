// Of a store that lacks a method the compiler says which.
// error: abstract class type 'Store'
// error: GetEvents

#include "aether/conformance/suite.h"

class Store final : public aether::EventStore {
 public:
  aether::Result<void> SaveEvent(const aether::Event&) override { return {}; }
  aether::Result<std::int64_t> GetLatestVersion(std::string_view) override { return 0; }
  aether::Result<void> Close() override { return {}; }
};

struct Adapter {
  aether::Result<std::unique_ptr<Store>> Open() { return std::make_unique<Store>(); }
};

AETHER_CONFORMANCE(my_store, Adapter);
