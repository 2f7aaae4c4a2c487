// DriverProcess: a driver that runs, and the requests and answers that travel between it and the kit
// (spec/driver.md).

#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "aether/adapter.h"

namespace aether::process {

// The driver, not its store, is at fault: it does not start, died, hangs, or breaks the protocol. The text
// says what is wrong, shows the line, and says what to do.
class DriverError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One request, but for its id.
class Request {
 public:
  explicit Request(std::string_view call);
  Request& Number(std::string_view key, std::uint64_t value);
  Request& Text(std::string_view key, std::string_view value);  // `value` has to be UTF-8
  Request& Json(std::string_view key, std::string_view json);   // as it is

  const std::string& call() const { return call_; }
  const std::string& members() const { return members_; }

 private:
  std::string call_;
  std::string members_;  // ,"key":value for each
};

// The answer to a request.
struct Answer {
  std::string call;        // of the request
  nlohmann::json message;  // holds `result` or `error`
  std::string line;        // as it came, for messages
};

// What a driver can say that its store offers. The rest is found out, or lost on the way.
inline constexpr CapabilityName kDriverCapabilities[] = {
    {"errors", &Capabilities::errors},         {"snapshots", &Capabilities::snapshots},
    {"notices", &Capabilities::notices},       {"malformed", &Capabilities::malformed},
    {"namespaces", &Capabilities::namespaces}, {"retention", &Capabilities::retention},
    {"location", &Capabilities::location},     {"files", &Capabilities::files},
    {"power_loss", &Capabilities::power_loss}, {"ordered_names", &Capabilities::ordered_names},
    {"server", &Capabilities::server},
};

// What a driver says of its store.
struct Hello {
  std::string store;
  std::string version;
  std::string language;
  Capabilities capabilities;  // of kDriverCapabilities
};

// How a driver came to its end.
struct DriverEnd {
  bool was_killed = false;  // since it did not end in time
  std::string wrong;        // what is wrong with it; empty: it ended with exit code 0
};

// What a subscription does with a notice: must not block. Called by the thread that reads the answers.
using NoticeSink = std::function<void(EventStored)>;

// All methods may be called from any thread. What throws, throws DriverError; once the driver has broken
// the protocol, or has ended, every call does.
class DriverProcess {
 public:
  using Clock = std::chrono::steady_clock;

  // Runs `sh -c command`, with the environment, standard error and process group of this process. It dies
  // with the thread that made it.
  explicit DriverProcess(const std::string& command);
  // Asks the driver to shut down, and kills it if it does not.
  ~DriverProcess();
  DriverProcess(const DriverProcess&) = delete;
  DriverProcess& operator=(const DriverProcess&) = delete;

  // Says hello, once; `limit` is for a driver that says nothing.
  const Hello& SayHello(std::chrono::milliseconds limit);

  // Sends a request and waits for its answer, for ever if there is no limit.
  Answer Call(const Request& request, std::optional<std::chrono::milliseconds> limit = std::nullopt);
  // Sends a request; Wait() waits for its answer.
  std::uint64_t Send(const Request& request);
  Answer Wait(std::uint64_t id, std::optional<std::chrono::milliseconds> limit = std::nullopt);
  // Whether the answer is there already.
  bool HasAnswer(std::uint64_t id);

  // `subscribe`, and the calls that end subscriptions. Notices reach `sink` from the request for the one to
  // the answer to the other.
  Answer Subscribe(std::uint64_t handle, std::uint64_t subscription, NoticeSink sink);
  Answer EndSubscriptions(const Request& request, std::set<std::uint64_t> subscriptions);

  // Asks for the end, or with `by_closing` only closes its standard input, and waits for it.
  DriverEnd ShutDown(std::chrono::milliseconds limit, bool by_closing);

  // A number that was not given before, for a handle, a storage or a subscription.
  std::uint64_t NewId() { return ++last_id_; }

 private:
  using Subscriptions = std::set<std::uint64_t>;
  struct Pending {
    std::string call;
    Subscriptions ends;         // with the answer
    Subscriptions ends_if_not;  // with an error
    std::optional<Answer> answer;
    std::condition_variable changed;  // there is an answer, or the driver is broken
  };

  std::uint64_t Send(const Request& request, Subscriptions ends, Subscriptions ends_if_not);
  void Start(const std::string& command);
  void Write(const std::string& line);
  void ReadAll();
  void Take(const std::string& line);
  void TakeAnswer(nlohmann::json message, const std::string& line);
  void TakeNotice(const nlohmann::json& message, const std::string& line);
  std::string TellEnd();
  bool Reap(std::chrono::milliseconds limit);
  std::string HowItEnded() const;
  void Break(const std::string& what);
  void CloseInput();

  pid_t pid_ = -1;
  int input_ = -1;   // the driver's
  int output_ = -1;  // the driver's
  int stop_ = -1;    // an eventfd: ends the reader though something else holds the output open
  std::mutex write_mutex_;

  std::mutex mutex_;  // of all below
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, Pending> pending_;
  std::map<std::uint64_t, NoticeSink> sinks_;  // of subscriptions
  std::string broken_;                         // what is wrong with the driver; empty: nothing
  std::string last_line_;                      // the last that it wrote
  std::optional<int> status_;                  // of waitpid
  std::optional<Hello> hello_;

  std::atomic<std::uint64_t> last_id_ = 0;
  std::thread reader_;
};

// `line` as it is shown in messages: quoted, escaped, and not too long.
std::string ShowLine(std::string_view line);

}  // namespace aether::process
