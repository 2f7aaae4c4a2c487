// What a NATS server and its C client can do at most: the yardsticks that the JetStream store is held to.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aether/result.h"

namespace aether {

// One measurement: how many operations in how long, and how long each took, in the order of their ends.
struct LimitMeasurement {
  std::uint64_t operations = 0;
  std::chrono::nanoseconds duration{0};
  std::vector<std::uint32_t> latencies_ns;

  double PerSecond() const {
    return static_cast<double>(operations) / std::chrono::duration<double>(duration).count();
  }
};

// Measures over connections and on streams of its own, which are deleted afterwards. Errors: kUnavailable,
// with cnats' reason.
class JetStreamLimits {
 public:
  // With `mirrored`, each stream has a mirror, as the store's events have unless they never expire: the
  // server then has twice the work.
  JetStreamLimits(std::string url, bool mirrored) : url_(std::move(url)), mirrored_(mirrored) {}

  // One thread; each message of `data` is published, with its id and the expected last sequence of its
  // subject, when the one before it was acknowledged.
  Result<LimitMeasurement> Publish(std::string_view data, std::chrono::nanoseconds duration) const;

  // One thread that does not wait: at most `window` messages are not yet acknowledged, each of another
  // subject, with the headers of Publish(). The latencies are those from the call to the acknowledgement.
  Result<LimitMeasurement> PublishWindow(std::string_view data, int window,
                                         std::chrono::nanoseconds duration) const;

  enum class Consumer {
    kOrdered,  // the server pushes
    kPull,     // asked for in batches of 1,000, the next one before the present one has come
  };

  // One thread makes a consumer and receives the `count` messages of a subject, without looking at them,
  // over and over. An operation is a message; the latencies are those of whole reads.
  Result<LimitMeasurement> Consume(std::string_view data, int count, Consumer kind,
                                   std::chrono::nanoseconds duration) const;

 private:
  std::string url_;
  bool mirrored_;
};

}  // namespace aether
