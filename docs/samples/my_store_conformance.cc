// The shortest adapter: MyStore against the contract.

// [begin]
#include "aether/conformance/suite.h"
#include "my_store.h"

class MyAdapter {
 public:
  using Subject = MyStore;  // whose members are looked at for updates and deletes

  aether::Result<std::unique_ptr<MyStore>> Open() { return std::make_unique<MyStore>(storage_); }

 private:
  MyStorage storage_;  // fresh and empty, discarded with the adapter
};

AETHER_CONFORMANCE(my_store, MyAdapter);
// [end]
