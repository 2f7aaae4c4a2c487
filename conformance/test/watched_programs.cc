// The programs, and how they are started.

#include "watched_programs.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <thread>
#include <vector>

namespace aether::conformance {

namespace {

constexpr const char* kProgramVariable = "AETHER_WATCHED_PROGRAM";
const std::string kLong(2000, 'n');  // over several sectors

void Mark(const char* text) {
  const auto mark = reinterpret_cast<void (*)(const char*)>(dlsym(RTLD_DEFAULT, faults::kMarkSymbol));
  if (mark == nullptr) _exit(4);
  mark(text);
}

void Must(bool holds) {
  if (!holds) _exit(5);
}

int Open(const char* path, int flags) {
  const int fd = open(path, flags, 0600);
  Must(fd >= 0);
  return fd;
}

void Write(int fd, const std::string& text) {
  Must(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void SyncDirectory(const char* path = ".") {
  const int fd = Open(path, O_RDONLY | O_DIRECTORY);
  Must(fsync(fd) == 0);
  close(fd);
}

void Replace(bool sync_file, bool sync_directory) {
  const int fd = Open("new", O_CREAT | O_WRONLY);
  Write(fd, kLong);
  if (sync_file) Must(fsync(fd) == 0);
  close(fd);
  Must(rename("new", "file") == 0);
  if (sync_directory) SyncDirectory();
  Mark("done");
}

void AppendTo(int fd, const std::function<void()>& sync) {
  Write(fd, kLong);
  sync();
  Mark("done");
}

// Each way there is to change a file or a name.
void EveryCall() {
  const int fd = Open("a", O_CREAT | O_RDWR);
  Write(fd, "0123456789");
  Must(pwrite(fd, "xx", 2, 4) == 2);
  const iovec parts[] = {{const_cast<char*>("ab"), 2}, {const_cast<char*>("cde"), 3}};
  Must(writev(fd, parts, 2) == 5 && pwritev(fd, parts, 2, 600) == 5);
  const int again = dup(fd);
  Must(fcntl(again, F_DUPFD_CLOEXEC, 100) >= 0);
  close(fd);
  Write(again, "through a duplicate");
  Must(ftruncate(again, 300) == 0 && posix_fallocate(again, 0, 5000) == 0 && fdatasync(again) == 0);
  const int appending = Open("a", O_WRONLY | O_APPEND);
  Write(appending, "at the end");
  Must(pwrite(appending, "there too", 9, 0) == 9);
  Must(mkdir("d", 0700) == 0 && mkdir("d/e", 0700) == 0);
  const int directory = Open("d/e", O_RDONLY | O_DIRECTORY);
  const int inner = openat(directory, "f", O_CREAT | O_WRONLY, 0600);
  Write(inner, "inner");
  Must(link("a", "d/b") == 0 && renameat(directory, "f", directory, "g") == 0);
  Must(rename("d/e", "moved") == 0);
  Write(inner, " and on");
  Must(unlink("a") == 0 && truncate("d/b", 77) == 0);
  char pattern[] = "tempXXXXXX";
  const int temporary = mkstemp(pattern);
  Write(temporary, "temporary");
  Must(rename(pattern, "kept") == 0);
  FILE* const stream = fopen("stream", "w");
  Write(fileno(stream), "by its descriptor");
  fclose(stream);
  const pid_t child = fork();
  if (child == 0) {
    Write(inner, ", a child too");
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  Write(inner, ", and the parent");
  Must(mkdir("gone", 0700) == 0 && rmdir("gone") == 0);
  Must(close(Open("moved/g", O_WRONLY | O_TRUNC)) == 0);
  Write(inner, "!");
}

void ManyThreads() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      const int fd = Open("all", O_CREAT | O_WRONLY | O_APPEND);
      const std::string own = "file-" + std::to_string(i);
      for (int n = 0; n < 200; ++n) {
        Write(fd, std::to_string(i) + " " + std::to_string(n) + "\n");
        const int other = Open(own.c_str(), O_CREAT | O_WRONLY);
        Write(other, std::to_string(n));
        if (n % 20 == 0) Must(fsync(other) == 0);
        close(other);
      }
      close(fd);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Appends to a file by way of a mapping.
void AppendMapped(const std::function<void(char*)>& sync) {
  const int fd = Open("file", O_RDWR);
  Must(ftruncate(fd, 8192) == 0 && fsync(fd) == 0);
  auto* const memory = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  Must(memory != MAP_FAILED);
  std::memcpy(memory + 3, kLong.data(), kLong.size());
  sync(memory);
  Mark("done");
}

// An index ahead of its log: the mapping says that there is a record before the record is synced.
void IndexAhead() {
  const int log = Open("file", O_WRONLY | O_APPEND);
  const int index = Open("index", O_CREAT | O_RDWR);
  Must(ftruncate(index, 4096) == 0 && fsync(index) == 0);
  SyncDirectory();
  auto* const memory =
      static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, index, 0));
  Must(memory != MAP_FAILED);
  memory[0] = '1';
  Write(log, kLong);
  Must(fdatasync(log) == 0);
  Mark("done");
}

// Not seen: the mapping becomes one that is written through later.
void ChangesProtection() {
  void* const memory = mmap(nullptr, 3, PROT_READ, MAP_SHARED, Open("file", O_RDWR), 0);
  Must(memory != MAP_FAILED && mprotect(memory, 3, PROT_READ | PROT_WRITE) == 0);
  std::memcpy(memory, "map", 3);
}

// A mapping that moves, and one that is gone when the process ends.
void ManyMappings() {
  const int fd = Open("file", O_RDWR);
  Must(ftruncate(fd, 65536) == 0);
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
  Must(memory != MAP_FAILED);
  std::memcpy(memory, "one", 3);
  memory = mremap(memory, 4096, 32768, MREMAP_MAYMOVE);
  Must(memory != MAP_FAILED);
  std::memcpy(static_cast<char*>(memory) + 20000, "two", 3);
  Must(munmap(memory, 32768) == 0);
  Must(pwrite(fd, "three", 5, 60000) == 5 && ftruncate(fd, 61000) == 0);
  memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  std::memcpy(memory, "four", 4);
  Mark("done");
}

// The C library writes when its buffer is full.
void Prints(bool sync) {
  FILE* const stream = fopen("file", "a");
  for (int i = 0; i < 2000; ++i) Must(fprintf(stream, "%s", "n") == 1);
  if (sync) Must(fflush(stream) == 0 && fsync(fileno(stream)) == 0);
  Mark("done");
  Must(fclose(stream) == 0);
}

void ReadAll() {
  const int fd = Open("file", O_RDONLY);
  char bytes[8] = "";
  const auto told = [&](ssize_t n) {
    return n < 0 ? "failed" : std::string(bytes, static_cast<std::size_t>(n));
  };
  Mark(("read " + told(read(fd, bytes, 3))).c_str());
  Mark(("pread " + told(pread(fd, bytes, 3, 0))).c_str());
  const iovec parts[] = {{bytes, 2}, {bytes + 2, 1}};
  Mark(("preadv " + told(preadv(fd, parts, 2, 0))).c_str());
  void* const memory = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  Mark(memory == MAP_FAILED ? "mmap failed" : "mmap done");
}

// A flush that failed is made again, and now succeeds.
void SyncsTwice() {
  const int fd = Open("file", O_WRONLY | O_APPEND);
  AppendTo(fd, [&] {
    if (fdatasync(fd) != 0) Must(fdatasync(fd) == 0);
  });
}

// The same, but what was lost is written again.
void WritesAgain() {
  const int fd = Open("file", O_WRONLY);
  const auto write = [&] {
    Must(pwrite(fd, kLong.data(), kLong.size(), 3) == static_cast<ssize_t>(kLong.size()));
  };
  write();
  if (fdatasync(fd) != 0) {
    write();
    Must(fdatasync(fd) == 0);
  }
  Mark("done");
}

// Half of a write is not all of it.
void WritesOn() {
  const int fd = Open("file", O_WRONLY | O_APPEND);
  for (std::size_t sent = 0; sent < kLong.size();) {
    const ssize_t n = write(fd, kLong.data() + sent, kLong.size() - sent);
    if (n < 0) Must(errno == EINTR);
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  Must(fsync(fd) == 0);
  Mark("done");
}

void TellErrors() {
  for (const auto& [name, failed] :
       std::map<std::string, bool>{{"create", open("other", O_CREAT | O_WRONLY, 0600) < 0},
                                   {"open", open("file", O_WRONLY) < 0},
                                   {"rename", rename("file", "file2") != 0},
                                   {"unlink", unlink("nothing") != 0 && errno == EROFS}}) {
    if (failed) Mark(name.c_str());
  }
}

void NewFile(bool sync_directory, const char* directory = nullptr) {
  if (directory != nullptr) Must(mkdir(directory, 0700) == 0);
  const std::string path = directory == nullptr ? "log" : std::string(directory) + "/log";
  const int fd = Open(path.c_str(), O_CREAT | O_WRONLY);
  Write(fd, kLong);
  Must(fsync(fd) == 0);
  if (sync_directory) SyncDirectory(directory == nullptr ? "." : directory);
  Mark("done");
}

// "file" names what it is about, and is renamed over; what it named before is removed.
void PointElsewhere() {
  Write(Open("before", O_CREAT | O_WRONLY), "before");
  SyncDirectory();
  const int fd = Open("new", O_CREAT | O_WRONLY);
  Write(fd, kLong);
  Must(fsync(fd) == 0 && rename("new", "file") == 0 && unlink("before") == 0);
  Mark("done");
}

const std::map<std::string, std::function<void()>>& Programs() {
  static const std::map<std::string, std::function<void()>> programs = {
      {"replace", [] { Replace(true, true); }},
      {"replace_without_file_sync", [] { Replace(false, true); }},
      {"replace_without_directory_sync", [] { Replace(true, false); }},
      {"append",
       [] {
         const int fd = Open("file", O_WRONLY | O_APPEND);
         AppendTo(fd, [&] { Must(fdatasync(fd) == 0); });
       }},
      {"append_without_sync", [] { AppendTo(Open("file", O_WRONLY | O_APPEND), [] {}); }},
      {"append_dsync", [] { AppendTo(Open("file", O_WRONLY | O_APPEND | O_DSYNC), [] {}); }},
      {"dsync_elsewhere",
       [] {
         Must(pwrite(Open("file", O_WRONLY), "new", 3, 0) == 3);
         Must(pwrite(Open("file", O_WRONLY | O_DSYNC), "end", 3, 600) == 3);
         Mark("done");
       }},
      {"dsync_that_fails",
       [] {
         const int fd = Open("file", O_WRONLY | O_DSYNC);
         Must(pwrite(fd, "new", 3, 0) == -1 && errno == EIO);
         Mark("failed");
         Must(fdatasync(fd) == 0);
         Mark("done");
       }},
      {"append_syncs_before",
       [] {
         const int fd = Open("file", O_WRONLY | O_APPEND);
         Must(fdatasync(fd) == 0);
         AppendTo(fd, [] {});
       }},
      {"append_syncs_another",
       [] {
         AppendTo(Open("file", O_WRONLY | O_APPEND),
                  [] { Must(fsync(Open("other", O_CREAT | O_RDWR)) == 0); });
       }},
      {"append_range",
       [] {
         const int fd = Open("file", O_WRONLY | O_APPEND);
         AppendTo(fd, [&] { Must(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0); });
       }},
      {"append_syncs_all", [] { AppendTo(Open("file", O_WRONLY | O_APPEND), [] { sync(); }); }},
      {"new_file", [] { NewFile(true); }},
      {"point_elsewhere", PointElsewhere},
      {"new_file_without_directory_sync", [] { NewFile(false); }},
      {"new_directory_without_parent_sync", [] { NewFile(true, "sub"); }},
      {"syncs_opened_by_opendir",
       [] {
         NewFile(false);
         DIR* const directory = opendir(".");
         Must(fsync(dirfd(directory)) == 0);
         closedir(directory);
         Mark("synced");
       }},
      {"every_call", EveryCall},
      {"many_threads", ManyThreads},
      {"append_mapped",
       [] { AppendMapped([](char* memory) { Must(msync(memory, 8192, MS_SYNC) == 0); }); }},
      {"append_mapped_without_sync", [] { AppendMapped([](char*) {}); }},
      {"append_mapped_syncs_later",
       [] { AppendMapped([](char* memory) { Must(msync(memory, 8192, MS_ASYNC) == 0); }); }},
      {"append_mapped_syncs_another_page",
       [] { AppendMapped([](char* memory) { Must(msync(memory + 4096, 4096, MS_SYNC) == 0); }); }},
      {"append_mapped_syncs_the_file",
       [] { AppendMapped([](char*) { Must(fsync(Open("file", O_RDONLY)) == 0); }); }},
      {"index_ahead", IndexAhead},
      {"many_mappings", ManyMappings},
      {"prints", [] { Prints(true); }},
      {"prints_without_sync", [] { Prints(false); }},
      {"changes_protection", ChangesProtection},
      {"read_all", ReadAll},
      {"syncs_twice", SyncsTwice},
      {"writes_again", WritesAgain},
      {"writes_on", WritesOn},
      {"tell_errors", TellErrors},
  };
  return programs;
}

}  // namespace

void RunWatched(const std::string& name, const std::filesystem::path& directory, const FaultLog& log) {
  std::vector<std::string> variables = log.Environment();
  variables.push_back(std::string(kProgramVariable) + "=" + name);
  variables.push_back("AETHER_WATCHED_DIRECTORY=" + directory.string());
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  char arguments[] = "watched-program";
  char* const argv[] = {arguments, nullptr};
  pid_t pid = 0;
  int status = -1;
  const int error = posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, argv, environment.data());
  if (error == 0) waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error(name + " ended with " + std::to_string(status));
}

int RunIfWatched() {
  const char* const name = std::getenv(kProgramVariable);
  if (name == nullptr) return -1;
  Must(chdir(std::getenv("AETHER_WATCHED_DIRECTORY")) == 0);
  Programs().at(name)();
  return 0;
}

}  // namespace aether::conformance
