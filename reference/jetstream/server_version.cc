// A plain TCP connection, and the first line that the server sends: INFO {"version":"2.9.10",...}.

#include "server_version.h"

#include <netdb.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>

namespace aether::jetstream {
namespace {

using Clock = std::chrono::steady_clock;

StoreError Unknown(std::string_view why) {
  return StoreError(ErrorCode::kUnavailable, "cannot learn the server's version: " + std::string(why));
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool WaitFor(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd poll_fd{fd, events, 0};
    const int ready = ::poll(&poll_fd, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

// The host and port in scheme://[user@]host:port; the host may be in brackets.
std::pair<std::string, std::string> SplitUrl(std::string url) {
  if (const auto scheme = url.find("://"); scheme != std::string::npos) url.erase(0, scheme + 3);
  if (const auto user = url.rfind('@'); user != std::string::npos) url.erase(0, user + 1);
  const auto colon = url.rfind(':');
  std::string host = url.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return {host, colon == std::string::npos ? "4222" : url.substr(colon + 1)};
}

// A socket on its way to be connected, or -1.
int StartConnect(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &raw) != 0) return -1;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(raw, ::freeaddrinfo);
  const int fd = ::socket(raw->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::connect(fd, raw->ai_addr, raw->ai_addrlen) != 0 && errno != EINPROGRESS) {
    ::close(fd);
    return -1;
  }
  return fd;
}

std::string ReadLine(int fd, Clock::time_point deadline) {
  std::string line;
  char buffer[4096];
  while (line.find("\r\n") == std::string::npos && line.size() < 1 << 20) {
    if (!WaitFor(fd, POLLIN, deadline)) return "";
    const ssize_t size = ::recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) return "";
    line.append(buffer, static_cast<std::size_t>(size));
  }
  return line.substr(0, line.find("\r\n"));
}

}  // namespace

std::string ToString(const ServerVersion& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch);
}

Result<ServerVersion> ParseServerVersion(std::string_view text) {
  ServerVersion version;
  const char* position = text.data();
  const char* const end = text.data() + text.size();
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    if (part != &version.major && (position == end || *position++ != '.')) return Unknown(text);
    const auto [next, error] = std::from_chars(position, end, *part);
    if (error != std::errc()) return Unknown(text);
    position = next;
  }
  return version;
}

Result<ServerVersion> AskServerVersion(natsConnection* connection, std::chrono::milliseconds time_limit) {
  const auto deadline = Clock::now() + time_limit;
  char url[512] = "";
  if (natsConnection_GetConnectedUrl(connection, url, sizeof url) != NATS_OK)
    return Unknown("not connected");
  const auto [host, port] = SplitUrl(url);
  const Socket socket(StartConnect(host, port));
  if (socket.fd() < 0 || !WaitFor(socket.fd(), POLLOUT, deadline))
    return Unknown("no connection to " + host);
  const std::string line = ReadLine(socket.fd(), deadline);
  if (!line.starts_with("INFO ")) return Unknown("it does not introduce itself");
  simdjson::dom::parser parser;
  std::string_view version;
  if (parser.parse(line.substr(5))["version"].get(version) != simdjson::SUCCESS) {
    return Unknown("its introduction names none");
  }
  return ParseServerVersion(version);
}

}  // namespace aether::jetstream
