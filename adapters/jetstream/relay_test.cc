// Bytes run through a link, stay out of a cut one, and arrive when it is mended.

#include "relay.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "loopback.h"

namespace aether {
namespace {

constexpr int kLimitMs = 20'000;

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  static Socket ConnectedTo(int port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr_in address = Loopback(port);
    EXPECT_EQ(::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
  }

  static Socket Listening(int* port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket.fd_, 8), 0);
    EXPECT_EQ(::getsockname(socket.fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    *port = ntohs(address.sin_port);
    return socket;
  }

  Socket Accept() const { return Socket(WaitForInput(kLimitMs) ? ::accept(fd_, nullptr, nullptr) : -1); }

  bool WaitForInput(int limit_ms) const {
    pollfd polled{fd_, POLLIN, 0};
    return ::poll(&polled, 1, limit_ms) > 0;
  }

  void Send(const std::string& bytes) const {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  // So many bytes, or fewer when the other side ends or falls silent.
  std::string Receive(std::size_t count) const {
    std::string bytes(count, '\0');
    std::size_t received = 0;
    while (received < count && WaitForInput(kLimitMs)) {
      const ssize_t size = ::recv(fd_, bytes.data() + received, count - received, 0);
      if (size <= 0) break;
      received += static_cast<std::size_t>(size);
    }
    bytes.resize(received);
    return bytes;
  }

  bool HasEnded() const { return WaitForInput(kLimitMs) && Receive(1).empty(); }

 private:
  int fd_;
};

class RelayTest : public testing::Test {
 protected:
  RelayTest() { relay_.SetTarget(0, port_); }

  int port_ = 0;
  Socket listener_ = Socket::Listening(&port_);
  Relay relay_{2};
};

TEST_F(RelayTest, BytesRunBothWays) {
  const Socket client = Socket::ConnectedTo(relay_.port(0));
  const Socket server = listener_.Accept();
  client.Send("ask");
  EXPECT_EQ(server.Receive(3), "ask");
  server.Send("answer");
  EXPECT_EQ(client.Receive(6), "answer");
}

TEST_F(RelayTest, ASideThatDoesNotReadHoldsUpNobodyElse) {
  const Socket slow = Socket::ConnectedTo(relay_.port(0));
  const Socket slow_server = listener_.Accept();
  constexpr std::size_t kMuch = 16 << 20;
  std::thread sender([&] { slow.Send(std::string(kMuch, 'x')); });
  const Socket client = Socket::ConnectedTo(relay_.port(0));
  const Socket server = listener_.Accept();
  client.Send("ask");
  EXPECT_EQ(server.Receive(3), "ask");
  EXPECT_EQ(slow_server.Receive(kMuch).size(), kMuch);
  sender.join();
}

TEST_F(RelayTest, AnEndIsPassedOn) {
  const Socket client = Socket::ConnectedTo(relay_.port(0));
  { const Socket server = listener_.Accept(); }
  EXPECT_TRUE(client.HasEnded());
}

TEST_F(RelayTest, WhereNobodyListensConnectionsEnd) {
  EXPECT_TRUE(Socket::ConnectedTo(relay_.port(1)).HasEnded());
}

// That nothing came is shown by what comes on another link, which was sent later through the same thread.
TEST_F(RelayTest, ACutLinkPassesNothingUntilItIsMended) {
  relay_.SetTarget(1, port_);
  const Socket cut = Socket::ConnectedTo(relay_.port(0));
  const Socket cut_server = listener_.Accept();
  const Socket other = Socket::ConnectedTo(relay_.port(1));
  const Socket other_server = listener_.Accept();
  relay_.Cut(0);
  cut.Send("late");
  for (int i = 0; i < 3; ++i) {
    other.Send("now");
    EXPECT_EQ(other_server.Receive(3), "now");
  }
  EXPECT_FALSE(cut_server.WaitForInput(0));
  relay_.Mend(0);
  EXPECT_EQ(cut_server.Receive(4), "late");
}

TEST_F(RelayTest, ACutLinkAnswersNoNewConnectionUntilItIsMended) {
  relay_.SetTarget(1, port_);
  relay_.Cut(0);
  const Socket waiting = Socket::ConnectedTo(relay_.port(0));
  const Socket other = Socket::ConnectedTo(relay_.port(1));
  const Socket other_server = listener_.Accept();
  EXPECT_FALSE(listener_.WaitForInput(0));
  relay_.Mend(0);
  const Socket server = listener_.Accept();
  waiting.Send("ask");
  EXPECT_EQ(server.Receive(3), "ask");
}

}  // namespace
}  // namespace aether
