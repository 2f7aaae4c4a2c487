// Heartbeat over a shared memory file.

#include "heartbeat.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace aether::conformance {

namespace {

constexpr int kSlots = 64;  // calls at a time; more go untold

// Written by one process and read by another, which may catch the text half written: good enough for a
// hint.
struct Slot {
  std::atomic<std::int64_t> started;  // on the steady clock, which all processes share; 0: free
  std::atomic<char> call[160];
};

std::int64_t Now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

struct Page {
  Slot slots[kSlots];
};

namespace {

Page* shared_page = nullptr;

Page* Map(int fd) {
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Page*>(memory);
}

}  // namespace

void ShareHeartbeat(int fd) {
  shared_page = Map(fd);
  close(fd);
}

CallInProgress::CallInProgress(std::string_view call) : slot_(-1) {
  if (shared_page == nullptr) return;
  for (int i = 0; i < kSlots; ++i) {
    std::int64_t expected = 0;
    if (!shared_page->slots[i].started.compare_exchange_strong(expected, Now())) continue;
    slot_ = i;
    auto& text = shared_page->slots[i].call;
    const std::size_t size = std::min(call.size(), std::size(text) - 1);
    for (std::size_t k = 0; k < size; ++k) text[k].store(call[k], std::memory_order_relaxed);
    text[size].store('\0', std::memory_order_relaxed);
    return;
  }
}

CallInProgress::~CallInProgress() {
  if (slot_ >= 0) shared_page->slots[slot_].started.store(0);
}

HeartbeatMonitor::HeartbeatMonitor() : fd_(memfd_create("aether-heartbeat", MFD_CLOEXEC)) {
  if (fd_ < 0 || ftruncate(fd_, sizeof(Page)) != 0 || (page_ = Map(fd_)) == nullptr) {
    throw std::runtime_error(std::string("cannot make the heartbeat's shared memory: ") +
                             std::strerror(errno));
  }
}

HeartbeatMonitor::~HeartbeatMonitor() {
  munmap(page_, sizeof(Page));
  close(fd_);
}

std::optional<HeartbeatMonitor::Oldest> HeartbeatMonitor::oldest_call() const {
  const Slot* oldest = nullptr;
  std::int64_t since = 0;
  for (const Slot& slot : page_->slots) {
    const std::int64_t started = slot.started.load();
    if (started == 0 || (oldest != nullptr && started >= since)) continue;
    oldest = &slot;
    since = started;
  }
  if (oldest == nullptr) return std::nullopt;
  std::string text;
  for (const auto& c : oldest->call) {
    if (c.load() == '\0') break;
    text += c.load();
  }
  return Oldest{text, std::chrono::nanoseconds(Now() - since)};
}

}  // namespace aether::conformance
