// The log, and the table of descriptors. Nothing here needs more than the C library.

#include "recorder.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

#include "silent.h"

namespace aether::faults {

namespace {

constexpr int kMostDescriptors = 65536;
constexpr int kLowestLogDescriptor = 900;  // out of the way of programs that count on the next number

Header* header = nullptr;
int log_fd = -1;
char directory[PATH_MAX];
std::size_t directory_size = 0;
std::atomic<std::uint64_t> handles[kMostDescriptors];

Place Inside(const char* absolute) {
  Place place;
  if (directory_size == 0 || strncmp(absolute, directory, directory_size) != 0) return place;
  if (absolute[directory_size] != '\0' && absolute[directory_size] != '/') return place;
  place.inside = true;
  const char* const rest = absolute + directory_size;
  strcpy(place.text, *rest == '/' ? rest + 1 : rest);
  return place;
}

bool ReadLink(int fd, char* target) {
  char name[64];
  char digits[16];
  int n = 0;
  do digits[n++] = static_cast<char>('0' + fd % 10);
  while ((fd /= 10) != 0);
  strcpy(name, "/proc/self/fd/");
  char* end = name + strlen(name);
  while (n > 0) *end++ = digits[--n];
  *end = '\0';
  const ssize_t size = readlink(name, target, PATH_MAX - 1);
  if (size < 0) return false;
  target[size] = '\0';
  return true;
}

// Descriptors that were open before this library was there.
void AdoptDescriptors() {
  DIR* const open = opendir("/proc/self/fd");
  if (open == nullptr) return;
  while (const dirent* entry = readdir(open)) {
    const int fd = atoi(entry->d_name);
    const Place place = PlaceOfDescriptor(fd);
    if (!place.inside || fd == dirfd(open)) continue;
    const Alone alone;
    Record record;
    record.op = Op::kOpen;
    record.handle = NewHandle();
    Log(record, place.text);
    SetHandle(fd, record.handle);
  }
  closedir(open);
}

__attribute__((constructor)) void Start() {
  const char* const log = getenv(kLogVariable);
  const char* const below = getenv(kDirectoryVariable);
  if (log == nullptr || below == nullptr || strlen(below) >= sizeof directory) return;
  const int opened = open(log, O_RDWR | O_APPEND | O_CLOEXEC);
  if (opened < 0) return;
  log_fd = fcntl(opened, F_DUPFD_CLOEXEC, kLowestLogDescriptor);
  if (log_fd < 0) log_fd = fcntl(opened, F_DUPFD_CLOEXEC, 3);
  close(opened);
  void* const shared = mmap(nullptr, kHeaderBytes, PROT_READ | PROT_WRITE, MAP_SHARED, log_fd, 0);
  if (shared == MAP_FAILED) return;
  strcpy(directory, below);
  directory_size = strlen(directory);
  header = static_cast<Header*>(shared);
  AdoptDescriptors();
}

}  // namespace

void* FindReal(const char* name) { return dlsym(RTLD_NEXT, name); }

bool Active() { return header != nullptr; }

Place PlaceOf(int directory_fd, const char* path) {
  Place none;
  if (!Active() || path == nullptr || strlen(path) >= PATH_MAX) return none;
  char parent[PATH_MAX + 1];
  char whole[2 * PATH_MAX + 4];
  const char* slash = strrchr(path, '/');
  std::size_t size = strlen(path);
  if (slash != nullptr && slash[1] == '\0' && size > 1) {  // "name/"
    char shorter[PATH_MAX];
    strcpy(shorter, path);
    shorter[size - 1] = '\0';
    return PlaceOf(directory_fd, shorter);
  }
  const char* const name = slash == nullptr ? path : slash + 1;
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return none;
  std::size_t base = 0;
  if (path[0] != '/' && directory_fd != AT_FDCWD) {
    if (!ReadLink(directory_fd, whole)) return none;
    base = strlen(whole);
    whole[base++] = '/';
  }
  const std::size_t head = slash == nullptr ? 0 : static_cast<std::size_t>(slash - path) + 1;
  memcpy(whole + base, path, head);
  strcpy(whole + base + head, base + head == 0 ? "." : "");
  if (realpath(whole, parent) == nullptr || strlen(parent) + strlen(name) + 2 > PATH_MAX) return none;
  if (strcmp(parent, "/") != 0) strcat(parent, "/");
  strcat(parent, name);
  return Inside(parent);
}

Place PlaceOfDescriptor(int fd) {
  char target[PATH_MAX];
  return Active() && ReadLink(fd, target) ? Inside(target) : Place();
}

std::uint64_t HandleOf(int fd) {
  return fd >= 0 && fd < kMostDescriptors ? handles[fd].load(std::memory_order_relaxed) : 0;
}

void SetHandle(int fd, std::uint64_t handle) {
  if (fd >= 0 && fd < kMostDescriptors) handles[fd].store(handle, std::memory_order_relaxed);
}

Alone::Alone() {
  // A process that was killed with it leaves nothing half done that matters: its record is missing.
  if (pthread_mutex_lock(&header->mutex) == EOWNERDEAD) pthread_mutex_consistent(&header->mutex);
}

Alone::~Alone() {
  const int kept = errno;
  pthread_mutex_unlock(&header->mutex);
  errno = kept;
}

std::uint64_t NewHandle() { return ++header->next_handle; }
std::uint64_t NewSync() { return ++header->next_sync; }
bool NoSync() { return header->no_sync != 0; }
bool DeathIsPlanned() { return header->plan.error == kDies; }

void Log(Record record, const char* path, const void* data, std::size_t size) {
  if (header->no_sync != 0) return;  // nobody reads it
  const int kept = errno;
  if (record.op != Op::kContents) LookAtSilent();
  static const auto real = Real<ssize_t(int, const iovec*, int)>("writev");
  record.path_bytes = static_cast<std::uint32_t>(strlen(path));
  record.data_bytes = size;
  const iovec parts[] = {{&record, sizeof record},
                         {const_cast<char*>(path), record.path_bytes},
                         {const_cast<void*>(data), size}};
  const std::size_t all = sizeof record + record.path_bytes + size;
  if (real(log_fd, parts, 3) != static_cast<ssize_t>(all)) header->broken = 1;
  ++header->records;
  errno = kept;
}

void LogText(Op op, const char* text, int error) {
  Record record;
  record.op = op;
  record.error = static_cast<std::uint16_t>(error);
  Log(record, "", text, strlen(text));
}

bool ReadsMayFail() { return (header->plan.calls & (1U << static_cast<unsigned>(Call::kRead))) != 0; }

Fate FateOf(Call call, const char* name, std::size_t size) {
  ++header->seen[static_cast<std::size_t>(call)];
  Plan& plan = header->plan;
  if ((plan.calls & (1U << static_cast<unsigned>(call))) == 0) return {};
  if (plan.skip > 0) {
    --plan.skip;
    return {};
  }
  if (plan.times == 0) return {};
  if (plan.error == kDies) {
    LogText(Op::kInjected, name, kDied);
    kill(getpid(), SIGKILL);
  }
  Fate fate = {true, false, plan.error};
  const bool half_first = plan.half_first != 0 && plan.failed == 0;
  if (plan.error == 0 || half_first) {
    if ((call == Call::kWrite || call == Call::kRead) && size > 1) fate = {true, true, 0};
    if (plan.error == 0 && !fate.half) return {};
  }
  const bool is_first_half = fate.half && plan.error != 0;  // what fails is still to come
  if (plan.times != UINT32_MAX && !is_first_half) --plan.times;
  ++plan.failed;
  LogText(Op::kInjected, name, fate.error);
  return fate;
}

}  // namespace aether::faults
