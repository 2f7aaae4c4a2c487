// One thread, which polls every socket that may be read or written now.

#include "relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>

namespace aether {
namespace {

constexpr std::size_t kChunk = 64 << 10;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

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
struct Flow {
  std::string waiting;

  // What to poll for on the socket that is read, and on the one that is written.
  short Reading() const { return waiting.empty() ? POLLIN : 0; }
  short Writing() const { return waiting.empty() ? 0 : POLLOUT; }

  // Reads what there is, if nothing waits, and writes what can be written. False when a side has ended.
  bool Move(int from, int to, bool readable) {
    if (readable && waiting.empty()) {
      std::array<char, kChunk> buffer;
      const ssize_t size = ::recv(from, buffer.data(), buffer.size(), 0);
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return false;
      if (size > 0) waiting.assign(buffer.data(), static_cast<std::size_t>(size));
    }
    if (waiting.empty()) return true;
    const ssize_t sent = ::send(to, waiting.data(), waiting.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    waiting.erase(0, static_cast<std::size_t>(sent));
    return true;
  }
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

  std::array<pollfd, 2> Polled() const {
    return {Polled(client_, up_.Reading() | down_.Writing()),
            Polled(server_, down_.Reading() | up_.Writing())};
  }

  // False when it is over.
  bool Move(const pollfd& client, const pollfd& server) {
    constexpr short kRead = POLLIN | POLLHUP | POLLERR;
    return up_.Move(client_, server_, (client.revents & kRead) != 0) &&
           down_.Move(server_, client_, (server.revents & kRead) != 0);
  }

 private:
  // Where nothing is waited for, a side that has hung up would be told again and again.
  static pollfd Polled(int fd, int events) {
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

void Relay::SetTarget(int link, int port) {
  const std::lock_guard lock(mutex_);
  links_[static_cast<std::size_t>(link)].target = port;
}

void Relay::SetCut(int link, bool cut) {
  {
    const std::lock_guard lock(mutex_);
    links_[static_cast<std::size_t>(link)].cut = cut;
  }
  Wake();
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
// is cut, nothing is looked at.
void Relay::Serve() {
  std::vector<pollfd> polled;
  std::vector<bool> over;
  while (!ending_) {
    polled.assign(1, {wake_[0], POLLIN, 0});
    std::unique_lock lock(mutex_);
    for (const Link& link : links_) polled.push_back({link.cut ? -1 : link.listener, POLLIN, 0});
    for (const auto& connection : connections_) {
      for (pollfd socket : connection->Polled()) {
        if (links_[static_cast<std::size_t>(connection->link())].cut) socket.fd = -1;
        polled.push_back(socket);
      }
    }
    lock.unlock();
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    char drained[64];
    while (::read(wake_[0], drained, sizeof drained) > 0) {
    }
    lock.lock();
    const std::size_t first = 1 + links_.size();
    over.assign(connections_.size(), false);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const pollfd& client = polled[first + 2 * i];
      const pollfd& server = polled[first + 2 * i + 1];
      const bool is_cut = links_[static_cast<std::size_t>(connections_[i]->link())].cut;
      const bool is_quiet = client.revents == 0 && server.revents == 0;
      if (!is_cut && !is_quiet) over[i] = !connections_[i]->Move(client, server);
    }
    for (std::size_t i = over.size(); i-- > 0;) {
      if (over[i]) connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (std::size_t link = 0; link < links_.size(); ++link) {
      if (polled[1 + link].revents != 0 && !links_[link].cut) Accept(static_cast<int>(link));
    }
  }
}

}  // namespace aether
