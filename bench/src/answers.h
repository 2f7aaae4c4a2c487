// Standard output for answers only: what a store prints goes to standard error meanwhile.

#pragma once

#include <string_view>

namespace aether::bench {

class Answers {
 public:
  Answers();
  ~Answers();
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  // Writes all of it to what was standard output when this was made. A reader that is gone ends the
  // program.
  void Send(std::string_view text) const;

 private:
  int fd_;
};

}  // namespace aether::bench
