// CopyOnWrite: a value that its copies share until one of them is changed.

#pragma once

#include <atomic>
#include <utility>

namespace aether {

// Copying costs an atomic increment, whatever T costs. Threads: as with any value, different objects may be
// used from different threads, shared or not. T is empty when default-constructed.
template <typename T>
class CopyOnWrite {
 public:
  CopyOnWrite() = default;
  CopyOnWrite(const CopyOnWrite& other) : shared_(other.shared_) {
    if (shared_ != nullptr) shared_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  CopyOnWrite(CopyOnWrite&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  CopyOnWrite& operator=(CopyOnWrite other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~CopyOnWrite() {
    if (shared_ != nullptr && shared_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared_;
  }

  // Lives until this object is changed.
  const T& Get() const {
    static const T& kEmpty = *new T();  // never destroyed: static objects may use it
    return shared_ == nullptr ? kEmpty : shared_->value;
  }

  // The value to be changed, which no other object shares then.
  T& Own() {
    if (shared_ == nullptr) {
      shared_ = new Shared;
    } else if (shared_->owners.load(std::memory_order_acquire) != 1) {
      CopyOnWrite own;
      own.shared_ = new Shared{.value = shared_->value};
      std::swap(shared_, own.shared_);
    }
    return shared_->value;
  }

 private:
  struct Shared {
    std::atomic<int> owners = 1;
    T value;
  };

  Shared* shared_ = nullptr;
};

}  // namespace aether
