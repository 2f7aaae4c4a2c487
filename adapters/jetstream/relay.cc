// One thread, which polls every socket that may be read or written now.

#include "relay.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <stdexcept>
#include <string>

#include "loopback.h"

namespace aether {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kMostChunks = 64;  // that wait on one way

void SetUp(int fd) {
  const int yes = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  (void)::fcntl(fd, F_SETFL, O_NONBLOCK);
}

// A listening socket on a port that is free; -1 when there is none.
int Listen(int* port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(fd, 64) != 0 || ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return -1;
  }
  (void)::fcntl(fd, F_SETFL, O_NONBLOCK);
  *port = ntohs(address.sin_port);
  return fd;
}

// A socket on its way to be connected, or -1. Whether it comes there is told by its first use.
int ConnectTo(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_in address = Loopback(port);
  if (fd < 0) return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EINPROGRESS) {
    return fd;
  }
  ::close(fd);
  return -1;
}

// What was read from one side and not yet written to the other.
class Flow {
 public:
  bool MayRead() const { return waiting_.size() < kMostChunks; }
  bool MayWrite(Clock::time_point now) const { return !waiting_.empty() && waiting_.front().due <= now; }

  // When there is something to write; the end of time when nothing waits.
  Clock::time_point Due() const {
    return waiting_.empty() ? Clock::time_point::max() : waiting_.front().due;
  }

  // False when the side has ended.
  bool Read(int from, std::chrono::milliseconds delay, std::int64_t bytes_per_second) {
    std::array<char, kChunk> buffer;
    // A slow link passes twenty pieces a second.
    const std::size_t most =
        bytes_per_second == 0
            ? buffer.size()
            : static_cast<std::size_t>(std::clamp<std::int64_t>(bytes_per_second / 20, 1, kChunk));
    const ssize_t size = ::recv(from, buffer.data(), most, 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    Clock::time_point due = Clock::now() + delay;
    if (bytes_per_second > 0)
      due = std::max(due, last_due_) + std::chrono::microseconds(size * 1'000'000 / bytes_per_second);
    last_due_ = std::max(due, last_due_);
    waiting_.push_back({last_due_, std::string(buffer.data(), static_cast<std::size_t>(size))});
    return true;
  }

  // Writes what is due and can be written. False when the side has ended.
  bool Write(int to) {
    while (MayWrite(Clock::now())) {
      std::string& bytes = waiting_.front().bytes;
      const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN || errno == EINTR;
      bytes.erase(0, static_cast<std::size_t>(sent));
      if (!bytes.empty()) return true;
      waiting_.pop_front();
    }
    return true;
  }

 private:
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
  };

  std::deque<Chunk> waiting_;
  Clock::time_point last_due_;
};

}  // namespace

class Relay::Connection {
 public:
  Connection(int link, int client, int server) : link_(link), client_(client), server_(server) {
    SetUp(client);
    SetUp(server);
  }
  ~Connection() {
    ::close(client_);
    ::close(server_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int link() const { return link_; }

  std::array<pollfd, 2> Polled(Clock::time_point now) const {
    return {Polled(client_, up_.MayRead(), down_.MayWrite(now)),
            Polled(server_, down_.MayRead(), up_.MayWrite(now))};
  }

  Clock::time_point Due() const { return std::min(up_.Due(), down_.Due()); }

  // False when it is over.
  bool Move(const pollfd& client, const pollfd& server, std::chrono::milliseconds delay,
            std::int64_t rate) {
    constexpr short kRead = POLLIN | POLLHUP | POLLERR;
    if ((client.revents & kRead) != 0 && up_.MayRead() && !up_.Read(client_, delay, rate)) return false;
    if ((server.revents & kRead) != 0 && down_.MayRead() && !down_.Read(server_, delay, rate)) return false;
    return up_.Write(server_) && down_.Write(client_);
  }

  void HalfClose() { (void)::shutdown(client_, SHUT_WR); }

  // For its end: both sides are told that it broke, not that it is over.
  void Break() {
    const linger at_once{1, 0};
    for (const int fd : {client_, server_})
      (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  // Where nothing is waited for, a side that has hung up would be told again and again.
  static pollfd Polled(int fd, bool reading, bool writing) {
    const int events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0);
    return {events == 0 ? -1 : fd, static_cast<short>(events), 0};
  }

  const int link_;
  const int client_;
  const int server_;
  Flow up_;
  Flow down_;
};

Relay::Relay(int links) : links_(static_cast<std::size_t>(links)) {
  bool good = ::pipe2(wake_, O_CLOEXEC | O_NONBLOCK) == 0;
  for (Link& link : links_) {
    link.listener = Listen(&link.port);
    good = good && link.listener >= 0;
  }
  if (!good) throw std::runtime_error("no free port on 127.0.0.1");
  thread_ = std::thread([this] { Serve(); });
}

Relay::~Relay() {
  ending_ = true;
  Wake();
  thread_.join();
  for (const Link& link : links_) ::close(link.listener);
  ::close(wake_[0]);
  ::close(wake_[1]);
}

template <typename Change>
void Relay::Set(int link, Change change) {
  {
    const std::lock_guard lock(mutex_);
    change(&links_[static_cast<std::size_t>(link)]);
  }
  Wake();
}

void Relay::SetTarget(int link, int port) {
  Set(link, [&](Link* changed) { changed->target = port; });
}

void Relay::SetCut(int link, bool cut) {
  Set(link, [&](Link* changed) { changed->cut = cut; });
}

void Relay::Slow(int link, std::chrono::milliseconds delay, std::int64_t bytes_per_second) {
  Set(link, [&](Link* changed) {
    changed->delay = delay;
    changed->bytes_per_second = bytes_per_second;
  });
}

void Relay::Reset(int link) {
  Set(link, [](Link* changed) { changed->reset = true; });
}

void Relay::HalfClose(int link) {
  Set(link, [](Link* changed) { changed->half_close = true; });
}

const Relay::Link& Relay::LinkOf(const Connection& connection) const {
  return links_[static_cast<std::size_t>(connection.link())];
}

void Relay::Wake() { (void)!::write(wake_[1], "", 1); }

void Relay::Accept(int link) {
  const Link& accepting = links_[static_cast<std::size_t>(link)];
  const int client = ::accept4(accepting.listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = accepting.target == 0 ? -1 : ConnectTo(accepting.target);
  if (server >= 0) {
    connections_.push_back(std::make_unique<Connection>(link, client, server));
  } else {
    ::close(client);
  }
}

// What is polled: the pipe, the listener of each link, and two sockets for each connection. Of a link that
// is cut, nothing is looked at. Answers when the first byte that waits is due.
Clock::time_point Relay::ListPolled(std::vector<pollfd>* polled) const {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  Clock::time_point first_due = Clock::time_point::max();
  polled->assign(1, {wake_[0], POLLIN, 0});
  for (const Link& link : links_) polled->push_back({link.cut ? -1 : link.listener, POLLIN, 0});
  for (const auto& connection : connections_) {
    const bool is_cut = LinkOf(*connection).cut;
    for (pollfd socket : connection->Polled(now)) {
      if (is_cut) socket.fd = -1;
      polled->push_back(socket);
    }
    if (!is_cut && connection->Due() > now) first_due = std::min(first_due, connection->Due());
  }
  return first_due;
}

bool Relay::Tend(Connection* connection, const pollfd& client, const pollfd& server) {
  const Link& link = LinkOf(*connection);
  if (link.reset) {
    connection->Break();
    return false;
  }
  if (link.half_close) connection->HalfClose();
  return link.cut || connection->Move(client, server, link.delay, link.bytes_per_second);
}

void Relay::Serve() {
  std::vector<pollfd> polled;
  while (!ending_) {
    const Clock::time_point due = ListPolled(&polled);
    int limit_ms = -1;
    if (due != Clock::time_point::max()) {
      limit_ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count());
      limit_ms = std::max(limit_ms, 0);
    }
    if (::poll(polled.data(), polled.size(), limit_ms) < 0 && errno != EINTR) return;
    char drained[64];
    while (::read(wake_[0], drained, sizeof drained) > 0) {
    }
    const std::lock_guard lock(mutex_);
    const pollfd* socket = &polled[1 + links_.size()];
    std::erase_if(connections_, [&](const std::unique_ptr<Connection>& connection) {
      socket += 2;
      return !Tend(connection.get(), socket[-2], socket[-1]);
    });
    for (std::size_t link = 0; link < links_.size(); ++link) {
      links_[link].reset = links_[link].half_close = false;
      if (polled[1 + link].revents != 0 && !links_[link].cut) Accept(static_cast<int>(link));
    }
  }
}

}  // namespace aether
