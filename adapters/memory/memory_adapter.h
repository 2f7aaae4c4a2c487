// MemoryAdapter: brings MemoryStore to the kit.

#pragma once

#include <memory>

#include "aether/adapter.h"
#include "aether/memory_store.h"

namespace aether {

struct MemoryAdapter {
  using Subject = MemoryStore;

  Result<std::unique_ptr<MemoryStore>> Open() { return storage_.Share(); }

 private:
  MemoryStore storage_;
};

}  // namespace aether
