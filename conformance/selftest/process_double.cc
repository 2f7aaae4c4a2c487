// The honest store that processes share.

#include "process_double.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "aether/wire.h"
#include "racing.h"

namespace aether::selftest {

ProcessDouble::ProcessDouble(const std::filesystem::path& directory)
    : directory_(directory),
      file_(::open((directory / "events").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (file_ < 0)
    throw std::runtime_error("cannot open " + directory.string() + ": " + std::strerror(errno));
}

ProcessDouble::~ProcessDouble() { ::close(file_); }

ProcessDouble::Alone::Alone(ProcessDouble* store) : store_(store) {
  store_->mutex_.lock();
  while (::flock(store_->file_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

ProcessDouble::Alone::~Alone() {
  ::flock(store_->file_, LOCK_UN);
  store_->mutex_.unlock();
}

void ProcessDouble::ReadOn() {
  struct stat status = {};
  ::fstat(file_, &status);
  std::string text(static_cast<std::size_t>(status.st_size - known_), '\0');
  const ssize_t n = ::pread(file_, text.data(), text.size(), known_);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    // Half a line that a dead writer left is ended by the next writer; it is no event.
    auto event = DecodeEvent(std::string_view(text).substr(begin, end - begin));
    if (event) actors_[event->actor_id].push_back(std::make_shared<const Event>(*event));
  }
  known_ += static_cast<off_t>(begin);
  torn_ = begin < text.size();
}

void ProcessDouble::Append(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::write(file_, bytes.data() + sent, bytes.size() - sent);
    if (n < 0) throw std::runtime_error(std::string("write: ") + std::strerror(errno));
    sent += static_cast<std::size_t>(n);
  }
}

std::int64_t ProcessDouble::LatestOf(const std::string& actor_id) const {
  const auto actor = actors_.find(actor_id);
  return actor == actors_.end() ? 0 : actor->second.back()->version;
}

Result<void> ProcessDouble::Refusal(const Event& event) const {
  return StoreError::Conflict(event.actor_id, event.version, LatestOf(event.actor_id));
}

Result<void> ProcessDouble::Closed() { return StoreError(ErrorCode::kClosed, "the handle is closed"); }

Result<void> ProcessDouble::SaveEvent(const Event& event) {
  if (closed_) return Closed();
  if (auto valid = Validate(event); !valid) return valid;
  const std::string line = *EncodeEvent(event) + "\n";
  const Alone alone(this);
  RefreshForCheck();
  if (torn_) {
    if (auto fine = AtTornTail(); !fine) return fine;
    Append("\n");
    ReadOn();
  }
  if (event.version <= LatestOf(event.actor_id)) return Refusal(event);
  Write(line);
  return {};
}

Result<std::vector<EventPtr>> ProcessDouble::GetEvents(std::string_view actor_id,
                                                       std::int64_t from_version) {
  if (closed_) return Closed().error();
  const Alone alone(this);
  Refresh();
  if (torn_) {
    if (auto fine = AtTornTail(); !fine) return fine.error();
  }
  std::vector<EventPtr> events;
  const auto actor = actors_.find(actor_id);
  if (actor == actors_.end()) return events;
  for (const EventPtr& event : actor->second) {
    if (event->version >= from_version) events.push_back(event);
  }
  return events;
}

Result<std::int64_t> ProcessDouble::GetLatestVersion(std::string_view actor_id) {
  if (closed_) return Closed().error();
  const Alone alone(this);
  Refresh();
  return LatestOf(std::string(actor_id));
}

Result<void> ProcessDouble::Close() {
  closed_ = true;
  return {};
}

// What is sent is a file "sent-<process>-<count>".
Result<void> LandsLate::SaveEvent(const Event& event) {
  static std::atomic<int> count = 0;
  const auto sent = directory_ / ("sent-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
  std::ofstream(sent) << EncodeEvent(event).value();
  conformance::Spin(std::chrono::microseconds(200));
  auto saved = ProcessDouble::SaveEvent(event);
  std::filesystem::remove(sent);
  return saved;
}

Result<std::vector<EventPtr>> LandsLate::GetEvents(std::string_view actor_id, std::int64_t from_version) {
  auto events = ProcessDouble::GetEvents(actor_id, from_version);
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    int process = 0;
    if (std::sscanf(entry.path().filename().c_str(), "sent-%d-", &process) != 1) continue;
    if (::kill(process, 0) == 0) continue;
    std::ifstream file(entry.path());
    const auto event = DecodeEvent(std::string((std::istreambuf_iterator<char>(file)), {}));
    if (event) static_cast<void>(ProcessDouble::SaveEvent(*event));  // refused when it was done before
    std::filesystem::remove(entry.path());
  }
  return events;
}

Result<std::unique_ptr<EventStore>> ProcessDoubleStorage::OpenNamespace(std::string_view) {
  return StoreError(ErrorCode::kNotFound, "no namespaces here");
}

Result<std::unique_ptr<EventStore>> ProcessDoubleStorage::OpenWithRetention(std::chrono::milliseconds) {
  return StoreError(ErrorCode::kNotFound, "no retention here");
}

Result<Injection> ProcessDoubleStorage::InjectMalformed(std::string_view, std::string_view) {
  return Injection::Impossible();
}

conformance::Subject ProcessDoubleStorage::SubjectOf(std::string_view name, Opener opener) {
  conformance::Subject subject;
  subject.name = name;
  subject.shown = {
      .handles = true, .location = true, .processes = true, .concurrency = true, .in_process = true};
  subject.make = [opener] { return std::make_unique<ProcessDoubleStorage>(opener); };
  subject.open_at = std::move(opener);
  return subject;
}

}  // namespace aether::selftest
