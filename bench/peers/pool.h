// Pool: connections and the like, of which a thread borrows one for a call.

#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "aether/result.h"

namespace aether::peers {

// Makes another T when none is idle. Whoever borrowed one gives it back by letting go of the lease; one
// that broke is dropped instead, by Lease::Drop().
template <typename T>
class Pool {
 public:
  using Make = std::function<Result<std::unique_ptr<T>>()>;

  explicit Pool(Make make) : make_(std::move(make)) {}

  class Lease {
   public:
    Lease(Pool* pool, std::unique_ptr<T> item) : pool_(pool), item_(std::move(item)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (item_) pool_->GiveBack(std::move(item_));
    }
    T* operator->() const { return item_.get(); }
    T& operator*() const { return *item_; }
    void Drop() { item_.reset(); }

   private:
    Pool* pool_;
    std::unique_ptr<T> item_;
  };

  Result<Lease> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Lease lease(this, std::move(idle_.back()));
        idle_.pop_back();
        return lease;
      }
    }
    auto made = make_();
    if (!made) return made.error();
    return Lease(this, *std::move(made));
  }

 private:
  void GiveBack(std::unique_ptr<T> item) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(item));
  }

  const Make make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace aether::peers
