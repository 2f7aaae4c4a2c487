// NatsAdmin: a connection to NATS servers that want no credentials, for what is done behind a store's back.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/result.h"

namespace aether {

// All threads may use it. It reconnects by itself, to any of the servers.
class NatsAdmin {
 public:
  static Result<std::unique_ptr<NatsAdmin>> Connect(const std::vector<std::string>& urls);
  ~NatsAdmin();
  NatsAdmin(const NatsAdmin&) = delete;
  NatsAdmin& operator=(const NatsAdmin&) = delete;

  // Stores `data` on `subject`, whatever it is: its sequence number. kInvalidEvent when it is too large.
  Result<std::uint64_t> Publish(const std::string& subject, std::string_view data);

  // Asks the server to delete the stream with all that is in it, and does not wait until it has.
  Result<void> DiscardStream(const std::string& stream);

  // Makes a stream with so many replicas, if it is not there. Does not wait for long: trying again is safe.
  Result<void> MakeStream(const std::string& stream, int replicas);

  // The name of the server that leads the stream now. kUnavailable when none does.
  Result<std::string> LeaderOf(const std::string& stream);

 private:
  struct Handles;

  explicit NatsAdmin(std::unique_ptr<Handles> handles);

  std::unique_ptr<Handles> handles_;
};

}  // namespace aether
