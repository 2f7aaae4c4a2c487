// A program that is talked to in lines.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace aether::bench::compare {

// One process, the leader of a group of its own, whose children end with it. Not for several threads.
class Process {
 public:
  // Starts `command`. What it writes to standard error goes into the file `errors`, or to ours when that is
  // empty. Throws std::runtime_error when nothing can be started; a program that is not there ends with
  // code 127.
  Process(const std::vector<std::string>& command, const std::filesystem::path& errors);

  // Kills what still runs.
  ~Process();

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Sends a line. Whether the process is still there shows when it is read from.
  void Write(const std::string& line);

  // The next line; nothing at the end of its output, after `limit`, or when a line has no end; End() tells
  // which. Throws std::runtime_error when the run is interrupted.
  std::optional<std::string> ReadLine(std::chrono::milliseconds limit);

  // Closes its standard input, waits for it and then kills it and its children; one that has given trouble
  // at once. Answers what was wrong: that trouble, the signal or the code other than 0 that it ended with,
  // and the last lines that it wrote to standard error. Empty when nothing was.
  std::string End();

  // Notes why it is to be ended without waiting for it.
  void GiveUp(const std::string& trouble) { trouble_ = trouble; }

 private:
  [[noreturn]] void Exec(std::vector<std::string> command, int in, int out) const;
  bool WaitForEnd() const;
  void CloseInput();

  std::filesystem::path errors_;
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::string trouble_;
};

}  // namespace aether::bench::compare
