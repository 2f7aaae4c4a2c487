// One thread that copies bytes both ways and looks for publishes.

#include "fault_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <sstream>

#include "loopback.h"

namespace aether::jetstream {
namespace {

void SendAll(int fd, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t size = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return;
    sent += static_cast<std::size_t>(size);
  }
}

std::string Receive(int fd) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
  return size <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace

// One client's connection. Requests of the store are small, and each comes in one piece.
class FaultProxy::Session {
 public:
  Session(int client, int server_port) : client_(client), server_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in address = Loopback(server_port);
    (void)::connect(server_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  ~Session() {
    ::close(client_);
    ::close(server_);
  }

  // Until one side hangs up, a fault ends it, or `stop` becomes readable.
  void Run(int stop, std::atomic<Fault>* fault, const std::atomic<Answer>* answer,
           std::atomic<int>* reads_before) {
    bool drop_answer = false;
    for (;;) {
      std::array<pollfd, 3> fds{{{client_, POLLIN, 0}, {server_, POLLIN, 0}, {stop, POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), -1) <= 0 || fds[2].revents != 0) return;
      if (fds[1].revents != 0) {
        const std::string bytes = Receive(server_);
        if (bytes.empty() || drop_answer) return;
        SendAll(client_, bytes);
      }
      if (fds[0].revents == 0) continue;
      const std::string bytes = Receive(client_);
      if (bytes.empty()) return;
      RememberInbox(bytes);
      const bool is_read = bytes.find("PUB $JS.API.STREAM.MSG.GET.") != std::string::npos;
      if (*fault == Fault::kHideMessage && is_read && (*reads_before)-- <= 0) {
        *fault = Fault::kNone;
        Tell(Answer::kNoMessage, bytes);
        continue;
      }
      if (bytes.find("HPUB ") == std::string::npos) {
        SendAll(server_, bytes);
        continue;
      }
      const Fault after_loss = *answer == Answer::kNone ? Fault::kNone : Fault::kAnswer;
      switch (fault->load()) {
        case Fault::kLosePublish:
          *fault = after_loss;
          return;
        case Fault::kAnswer:
          // What came in one piece with it, after a reconnect for example, goes through.
          SendAll(server_, bytes.substr(0, bytes.find("HPUB ")));
          Tell(*answer, bytes);
          *fault = Fault::kNone;
          continue;
        case Fault::kLoseAck:
          drop_answer = true;
          *fault = after_loss;
          break;
        case Fault::kRefuseAndPass:
        case Fault::kRefusePassAndHide:
          *fault = *fault == Fault::kRefuseAndPass ? Fault::kNone : Fault::kHideMessage;
          Tell(*answer, bytes);
          break;
        case Fault::kHideMessage:
        case Fault::kNone:
          break;
      }
      SendAll(server_, bytes);
    }
  }

 private:
  // SUB <inbox>.* <sid>: where the client waits for answers.
  void RememberInbox(const std::string& bytes) {
    for (std::size_t sub = 0; (sub = bytes.find("SUB _INBOX.", sub)) != std::string::npos; ++sub) {
      std::istringstream line(bytes.substr(sub));
      std::string word, inbox, subscription;
      line >> word >> inbox >> subscription;
      subscriptions_[inbox.substr(0, inbox.rfind('.'))] = subscription;
    }
  }

  static std::string TextOf(Answer answer) {
    switch (answer) {
      case Answer::kDuplicate:
        return R"({"stream":"", "seq":0,"duplicate": true})";
      case Answer::kNoMessage:
        return R"({"error":{"code":404,"err_code":10037,"description":"no message found"}})";
      default:
        return R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 1"},"stream":"","seq":0})";
    }
  }

  // HPUB <subject> <reply> <header size> <size>
  void Tell(Answer what, const std::string& bytes) {
    std::istringstream line(bytes.substr(bytes.find("PUB ")));
    std::string word, reply;
    line >> word >> word >> reply;
    const std::string answer = TextOf(what);
    const std::string& subscription = subscriptions_[reply.substr(0, reply.rfind('.'))];
    SendAll(client_, "MSG " + reply + " " + subscription + " " + std::to_string(answer.size()) + "\r\n" +
                         answer + "\r\n");
  }

  int client_;
  int server_;
  std::map<std::string, std::string> subscriptions_;  // by inbox
};

FaultProxy::FaultProxy(int server_port) : server_port_(server_port) {
  (void)!::pipe(stop_pipe_);
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  (void)::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  (void)::listen(listener_, 8);
  socklen_t size = sizeof address;
  (void)::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

FaultProxy::~FaultProxy() {
  ::close(stop_pipe_[1]);  // makes the other end readable
  thread_.join();
  ::close(stop_pipe_[0]);
  ::close(listener_);
}

void FaultProxy::Serve() {
  for (;;) {
    std::array<pollfd, 2> fds{{{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) <= 0 || fds[1].revents != 0) return;
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    Session(client, server_port_).Run(stop_pipe_[0], &fault_, &answer_, &reads_before_);
  }
}

}  // namespace aether::jetstream
