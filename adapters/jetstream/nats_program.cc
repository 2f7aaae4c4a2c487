// Looking for the program, and asking it.

#include "nats_program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <sstream>

namespace aether {
namespace {

std::string FindInPath(const std::string& program) {
  const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (program.find('/') != std::string::npos) return runs(program) ? program : "";
  const char* path = ::getenv("PATH");
  std::istringstream directories(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/local/sbin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (const std::string full = directory + "/" + program; !directory.empty() && runs(full)) return full;
  }
  return "";
}

}  // namespace

NatsProgram NatsProgram::Find(const std::string& named) {
  const char* other = ::getenv("AETHER_NATS_SERVER");
  NatsProgram program{named, ""};
  if (program.name.empty()) program.name = other != nullptr && *other != '\0' ? other : "nats-server";
  program.path = FindInPath(program.name);
  return program;
}

// nats-server: v2.10.27
std::string NatsProgram::Version() const {
  int out[2];
  if (path.empty() || ::pipe2(out, O_CLOEXEC) != 0) return "";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::execl(path.c_str(), path.c_str(), "--version", nullptr);
    ::_exit(127);
  }
  ::close(out[1]);
  std::string text;
  std::array<char, 256> buffer;
  for (ssize_t size; pid > 0 && (size = ::read(out[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ::close(out[0]);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  const std::size_t v = text.rfind(": v");
  if (v == std::string::npos) return "";
  return text.substr(v + 3, text.find_first_of(" \n", v + 3) - v - 3);
}

}  // namespace aether
