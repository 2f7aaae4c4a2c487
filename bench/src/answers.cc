// Moving standard output out of the stores' way.

#include "answers.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace aether::bench {

Answers::Answers() : fd_(::dup(STDOUT_FILENO)) { ::dup2(STDERR_FILENO, STDOUT_FILENO); }

Answers::~Answers() {
  std::fflush(stdout);
  ::dup2(fd_, STDOUT_FILENO);
  ::close(fd_);
}

void Answers::Send(std::string_view text) const {
  while (!text.empty()) {
    const auto written = ::write(fd_, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      std::_Exit(2);
    }
  }
}

}  // namespace aether::bench
