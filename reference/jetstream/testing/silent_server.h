// SilentServer: greets as a NATS server does, and says nothing more.

#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string_view>
#include <thread>
#include <vector>

#include "loopback.h"

namespace aether::jetstream {

// As a server that is paused just when a client has connected.
class SilentServer {
 public:
  explicit SilentServer(int port) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = Loopback(port);
    listens_ = ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
               ::listen(listener_, 8) == 0;
    thread_ = std::thread([this] { Greet(); });
  }
  ~SilentServer() { HangUp(); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  // Ends all connections, and takes no new ones.
  void HangUp() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const int client : clients_) ::close(client);
    ::close(listener_);
  }

  bool listens() const { return listens_; }
  int greeted() const { return greeted_; }

 private:
  void Greet() {
    constexpr std::string_view kInfo =
        R"(INFO {"server_id":"s","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576})"
        "\r\n";
    for (int client; (client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      clients_.push_back(client);
      if (::send(client, kInfo.data(), kInfo.size(), MSG_NOSIGNAL) > 0) ++greeted_;
    }
  }

  int listener_;
  bool listens_ = false;
  std::atomic<int> greeted_ = 0;
  std::vector<int> clients_;  // the thread's, until it has ended
  std::thread thread_;
};

}  // namespace aether::jetstream
