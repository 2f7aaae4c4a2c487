// ProcessDouble: an honest store that processes share, as plain as can be: one file of events, one lock on it.
// Its decisions are virtual functions, for broken stores to override.

#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aether/conformance/subject.h"
#include "scratch.h"

namespace aether::selftest {

class ProcessDouble : public EventStore {
 public:
  explicit ProcessDouble(const std::filesystem::path& directory);
  ~ProcessDouble() override;

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<void> Close() override;

  // What the store does when it is opened; an error refuses it.
  virtual Result<void> Start() { return {}; }

 protected:
  using Actors = std::map<std::string, std::vector<EventPtr>, std::less<>>;

  // Alone with the file, among the threads and the processes.
  class Alone {
   public:
    explicit Alone(ProcessDouble* store);
    ~Alone();
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;

   private:
    ProcessDouble* store_;
  };

  // The decisions, honest as they stand here. All are called alone.
  virtual void Refresh() { ReadOn(); }           // before a read
  virtual void RefreshForCheck() { Refresh(); }  // before the version check
  virtual void Write(const std::string& line) { Append(line); }
  virtual Result<void> AtTornTail() { return {}; }

  void ReadOn();  // what was appended since the last time
  void Append(const std::string& bytes);
  std::int64_t LatestOf(const std::string& actor_id) const;
  Result<void> Refusal(const Event& event) const;
  static Result<void> Closed();

  std::filesystem::path directory_;
  Actors actors_;
  bool torn_ = false;  // the file ends with half a line
  std::atomic<bool> closed_ = false;

 private:
  std::mutex mutex_;
  int file_;
  off_t known_ = 0;  // how much of the file is in actors_
};

// As honest: a save is sent, and done somewhat later, also when who sent it is dead by then; as a server does. What
// the dead have left is done right behind the next read.
class LandsLate final : public ProcessDouble {
 public:
  using ProcessDouble::ProcessDouble;
  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
};

// The storage: a directory of its own.
class ProcessDoubleStorage final : public conformance::Storage {
 public:
  using Opener = std::function<Result<std::unique_ptr<EventStore>>(std::string_view location)>;

  explicit ProcessDoubleStorage(Opener opener) : opener_(std::move(opener)) {}

  Result<std::unique_ptr<EventStore>> Open() override { return opener_(directory_.path().string()); }
  Result<std::string> Location() override { return directory_.path().string(); }
  Result<std::unique_ptr<EventStore>> OpenNamespace(std::string_view) override;
  Result<std::unique_ptr<EventStore>> OpenWithRetention(std::chrono::milliseconds) override;
  Result<Injection> InjectMalformed(std::string_view, std::string_view) override;
  Result<Capabilities> Probe(const Capabilities& shown) override { return shown; }

  static conformance::Subject SubjectOf(std::string_view name, Opener opener);

 private:
  Opener opener_;
  conformance::Scratch directory_{"aether-double"};
};

// A subject of such stores, which another process finds by `name`.
template <typename Store>
conformance::Subject SubjectOfProcessDouble(std::string_view name) {
  return ProcessDoubleStorage::SubjectOf(name, [](std::string_view location) -> Result<std::unique_ptr<EventStore>> {
    auto store = std::make_unique<Store>(std::filesystem::path(location));
    if (const auto started = store->Start(); !started) return started.error();
    return std::unique_ptr<EventStore>(std::move(store));
  });
}

}  // namespace aether::selftest
