// Heartbeat over a shared memory file.

#include "heartbeat.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <stdexcept>

namespace aether::conformance {

// Written by one process and read by another, which may catch it half written: good enough for a hint.
struct Page {
  std::atomic<unsigned long long> beats;
  std::atomic<char> call[200];
};

namespace {

Page* shared_page = nullptr;

Page* Map(int fd) {
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Page*>(memory);
}

}  // namespace

void ShareHeartbeat(int fd) { shared_page = Map(fd); }

void Beat(std::string_view call) {
  if (shared_page == nullptr) return;
  const std::size_t size = std::min(call.size(), std::size(shared_page->call) - 1);
  for (std::size_t i = 0; i < size; ++i) shared_page->call[i].store(call[i], std::memory_order_relaxed);
  shared_page->call[size].store('\0', std::memory_order_relaxed);
  shared_page->beats.fetch_add(1, std::memory_order_relaxed);
}

HeartbeatMonitor::HeartbeatMonitor() : fd_(memfd_create("aether-heartbeat", 0)) {
  if (fd_ < 0 || ftruncate(fd_, sizeof(Page)) != 0 || (page_ = Map(fd_)) == nullptr) {
    throw std::runtime_error(std::string("cannot make the heartbeat's shared memory: ") +
                             std::strerror(errno));
  }
}

HeartbeatMonitor::~HeartbeatMonitor() {
  munmap(page_, sizeof(Page));
  close(fd_);
}

unsigned long long HeartbeatMonitor::beats() const { return page_->beats.load(); }

std::string HeartbeatMonitor::last_call() const {
  std::string text;
  for (const auto& c : page_->call) {
    if (c.load() == '\0') break;
    text += c.load();
  }
  return text;
}

}  // namespace aether::conformance
